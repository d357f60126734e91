//! `floe-sim`: plays many stories of runs, crashes and late answers against the engine, each from a seed.
//!
//! `--seeds N` plays N stories, `--seed S` begins at S and without `--seeds` replays S alone, `--steps N` bounds the
//! generated flows. Ends with 1 and the shortest story it can tell when a promise is not kept, or when something that
//! should occur never did.

use std::process::ExitCode;

use floe_testkit::sim::{Coverage, STEPS_MAX, play, shortest};

/// Stories unless asked otherwise.
const SEEDS: u64 = 3_000;
/// Stories below which it is no surprise that something never occurred.
const SEEDS_FOR_COVERAGE: u64 = 1_000;

struct Options {
    first: u64,
    seeds: u64,
    steps: usize,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("floe-sim: {why}\nusage: floe-sim [--seeds N] [--seed S] [--steps N]");
            return ExitCode::from(2);
        }
    };
    let mut coverage = Coverage::default();
    let mut flows = 0;
    println!("seeds {} to {}", options.first, options.first + (options.seeds - 1));
    for seed in options.first..options.first + options.seeds {
        match play(seed, options.steps, false, &mut coverage) {
            Ok(played) => flows += played,
            Err(broken) => {
                println!("seed {seed} fails: {}", broken.why);
                tell_shortest(seed, options.steps);
                return ExitCode::FAILURE;
            }
        }
    }
    for (what, count) in coverage.counts() {
        println!("{count:>9}  {what}");
    }
    println!("{} stories of {flows} flows: every promise was kept", options.seeds);
    let missing = coverage.missing();
    if options.seeds >= SEEDS_FOR_COVERAGE && !missing.is_empty() {
        println!("but these never occurred, so nothing is proven about them: {}", missing.join(", "));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn tell_shortest(seed: u64, steps: usize) {
    let (seed, steps, broken) = shortest(seed, steps);
    println!("\nthe shortest story found:");
    for line in &broken.story {
        println!("  {line}");
    }
    println!("{}\nreplay it with: cargo xtask sim --seed {seed} --steps {steps}", broken.why);
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut first, mut seeds, mut steps) = (None, None, STEPS_MAX);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a number"))?;
        let number: u64 = value.parse().map_err(|_| format!("{value} is not a number"))?;
        match name.as_str() {
            "--seeds" if number > 0 => seeds = Some(number),
            "--seed" => first = Some(number),
            "--steps" if number > 0 => steps = usize::try_from(number).unwrap_or(STEPS_MAX),
            _ => return Err(format!("{name} {value} means nothing here")),
        }
    }
    let seeds = seeds.unwrap_or(if first.is_some() { 1 } else { SEEDS });
    Ok(Options { first: first.unwrap_or(1), seeds, steps })
}

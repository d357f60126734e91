//! What commands read: standard input, files, and values of `--input`.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::{Map, Value};

use super::exit::Failure;

/// Bytes of standard input or of a file that a command takes.
const INPUT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// All of standard input as text, without the line end that `echo` adds.
pub(super) fn stdin_text() -> Result<String, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(INPUT_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format!("standard input: {error}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A secret from standard input: read whole with the flag, asked for without echo on a terminal.
pub(super) fn secret(from_stdin: bool, flag: &str, prompt: &str) -> Result<String, Failure> {
    let secret = if from_stdin {
        stdin_text()?
    } else if io::stdin().is_terminal() && io::stderr().is_terminal() {
        ask_without_echo(prompt).map_err(|error| Failure::usage(format!("the terminal: {error}")))?
    } else {
        return Err(Failure::usage(format!(
            "there is no terminal to ask on; give the secret on standard input with {flag}"
        )));
    };
    if secret.is_empty() { Err(Failure::usage("the secret is empty")) } else { Ok(secret) }
}

fn ask_without_echo(prompt: &str) -> io::Result<String> {
    eprint!("{prompt}: ");
    let stdin = io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
    let mut line = String::new();
    let read = stdin.read_line(&mut line);
    tcsetattr(&stdin, OptionalActions::Flush, &before)?;
    eprintln!();
    read?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The text of a file, or of standard input for `-`.
pub(super) fn file_text(path: &Path) -> Result<String, Failure> {
    if path == Path::new("-") {
        return stdin_text();
    }
    let failed = |error: io::Error| Failure::invalid(format!("{}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = String::new();
    file.take(INPUT_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > INPUT_BYTES_MAX {
        return Err(Failure::invalid(format!("{} is larger than {INPUT_BYTES_MAX} bytes", path.display())));
    }
    Ok(text)
}

/// The JSON document in a file, or in standard input for `-`.
pub(super) fn file_json(path: &Path) -> Result<Value, Failure> {
    let text = file_text(path)?;
    serde_json::from_str(&text).map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))
}

/// The inputs of a run: `key=value`, `key=@file` and `@file` with a whole object; later ones win.
pub(super) fn inputs(arguments: &[String]) -> Result<Value, Failure> {
    let mut inputs = Map::new();
    for argument in arguments {
        if let Some(path) = argument.strip_prefix('@') {
            let Value::Object(object) = file_json(Path::new(path))? else {
                return Err(Failure::invalid(format!("{path} does not hold a JSON object")));
            };
            inputs.extend(object);
            continue;
        }
        let Some((key, text)) = argument.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Failure::usage(format!("\"{argument}\" is neither key=value nor @file")));
        };
        let value = match text.strip_prefix('@') {
            Some(path) => Value::String(file_text(Path::new(path))?),
            None => value(text),
        };
        inputs.insert(key.to_owned(), value);
    }
    Ok(Value::Object(inputs))
}

/// JSON where the text is JSON (`3`, `true`, `"3"`, `[1]`), else the text itself.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

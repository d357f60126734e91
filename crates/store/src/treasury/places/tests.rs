use super::number_at;

/// Where the numbers above 0 are of the kind; the others lie in runs of growing length.
fn is_of_kind(number: i64) -> bool {
    let root = number.isqrt();
    number - root * root >= root / 3
}

#[test]
fn every_place_is_found_as_by_counting_one_by_one() {
    for last in [1_i64, 2, 7, 500] {
        let kind: Vec<i64> = (1..=last).rev().filter(|&number| is_of_kind(number)).collect();
        for offset in 0..kind.len() {
            let mut looked = 0;
            let found = number_at(last, offset as i64, |above, up_to| {
                looked += up_to - above;
                Ok((above + 1..=up_to).filter(|&number| !is_of_kind(number)).count() as i64)
            });
            let from = found.unwrap().expect("found within the rounds");
            assert_eq!(kind.iter().find(|&&number| number <= from), Some(&kind[offset]), "{offset} of {last}");
            assert!(looked <= last, "a row was counted twice");
        }
    }
}

#[test]
fn a_long_row_of_others_is_left_to_the_walk() {
    // One other at the top, and five hundred in a row, which the counting would pass one by one.
    let is_other = |number: i64| number == 2_000 || (500..=1_000).contains(&number);
    let others = |above: i64, up_to: i64| Ok((above + 1..=up_to).filter(|&number| is_other(number)).count() as i64);
    assert_eq!(number_at(2_000, 1_000, others).unwrap(), None);
}

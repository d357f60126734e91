//! What the Flow API contract, section 6.3, says beyond JavaScript, and what the module decides where the contract is
//! silent.

use serde_json::json;

use super::{Expression, check_all, check_fails, check_refused, context, evaluate, in_env};

#[test]
fn access_never_fails_and_sees_own_properties_only() {
    check_all(&[
        ("nothing.a.b", "null"),
        ("unknown.a[0].b", "null"),
        ("unknown?.a?.[0]", "null"),
        ("n.a.b", "null"),
        ("list.map", "null"),
        ("user.constructor", "null"),
        ("user.__proto__", "null"),
        ("user.toString", "null"),
        ("text.constructor", "null"),
        ("unknown === undefined", "true"),
        ("nothing === undefined", "false"),
        ("user.nope === undefined", "true"),
        ("user.profile.city === null", "true"),
        (r#"steps["fetch-1"].rows[1].id + 1"#, "3"),
        ("steps['fetch-1'].rows[n - 4].id", "2"),
        ("class + $price + ключ", r#""c3key""#),
        ("str", "null"),
        ("unknown.trim().length", "null"),
        ("nothing.slice(1)", "null"),
    ]);
}

#[test]
fn missing_is_omitted_from_objects_and_null_in_arrays() {
    check_all(&[
        ("{a: unknown, b: null}", r#"{"b":null}"#),
        ("[unknown, 1]", "[null,1]"),
        ("[0/0, 1/0]", "[null,null]"),
        ("0/0", "null"),
        ("1/0", "null"),
        ("-0", "0"),
    ]);
}

#[test]
fn texts_count_characters_not_utf16_units() {
    check_all(&[
        ("'a😀b'.length", "3"),
        ("'a😀b'[1]", r#""😀""#),
        ("'a😀b'.slice(1, 2)", r#""😀""#),
        ("'a😀b'.indexOf('b')", "2"),
        ("'😀b'.split('')", r#"["😀","b"]"#),
        ("'😀' > '\u{ffff}'", "true"),
    ]);
}

#[test]
fn arrays_and_objects_are_equal_by_content_and_never_converted() {
    check_all(&[
        ("[1, [2]] == [1.0, [2]]", "true"),
        ("{a: 1, b: 2} === {b: 2, a: 1}", "true"),
        ("[1] === [2]", "false"),
        ("user.tags === ['x', 'y']", "true"),
        ("list.indexOf([4, 5])", "4"),
        ("[1] == 1", "false"),
        ("[] == ''", "false"),
        ("{} == '[object Object]'", "false"),
        ("[] == false", "false"),
        ("[null] == null", "false"),
        ("user != null", "true"),
    ]);
}

#[test]
fn large_integers_keep_their_digits_while_they_are_passed_on() {
    check_all(&[
        ("big", "9007199254740993"),
        ("bigger", "18446744073709551615"),
        ("[big]", "[9007199254740993]"),
        ("yes ? big : 0", "9007199254740993"),
        ("'' + big", r#""9007199254740993""#),
        ("str(bigger)", r#""18446744073709551615""#),
        ("num(big)", "9007199254740993"),
        ("big === big", "true"),
        ("big === bigger", "false"),
        ("big < bigger", "true"),
        ("big == '9007199254740992'", "true"),
        ("big + 1", "9007199254740992"),
        ("one_point", "1"),
        ("-big < 0 && !!big", "true"),
        ("bigger % 2", "0"),
    ]);
}

#[test]
fn functions_convert_between_texts_and_values() {
    check_all(&[
        ("str('a')", r#""a""#),
        ("str(5)", r#""5""#),
        ("str(1e21)", r#""1e+21""#),
        ("str(true)", r#""true""#),
        ("str(null) + str(unknown) + str(0/0)", r#""""#),
        ("str([1, {a: 1e21}])", r#""[1,{\"a\":1e+21}]""#),
        ("num('12.5')", "12.5"),
        ("num(' 0x10 ')", "16"),
        ("num('12px')", "null"),
        ("num('')", "null"),
        ("num('Infinity')", "null"),
        ("num(null)", "null"),
        ("num(true)", "1"),
        ("num([1])", "null"),
        ("bool('false')", "false"),
        ("bool('FALSE')", "false"),
        ("bool('0')", "false"),
        ("bool('')", "false"),
        ("bool('no')", "true"),
        ("bool(0)", "false"),
        ("bool([])", "true"),
        ("bool(unknown)", "false"),
        (r#"json('{"a":[1,2]}').a[1]"#, "2"),
        ("json('[1').length", "null"),
        ("json('not json')", "null"),
        ("json([1])", "[1]"),
        ("json(str(user)) === user", "true"),
        ("default(unknown, 1)", "1"),
        ("default(null, 1)", "1"),
        ("default('', 1)", r#""""#),
        ("default(0, 1)", "0"),
    ]);
}

#[test]
fn functions_over_collections() {
    check_all(&[
        ("len('é😀')", "2"),
        ("len(list)", "5"),
        ("len(user)", "5"),
        ("len(null) + len(unknown)", "0"),
        ("keys(user)", r#"["name","tags","length","a-b","profile"]"#),
        ("keys(['a', 'b'])", r#"["0","1"]"#),
        ("keys(unknown)", "[]"),
        ("values({a: 1, b: [2]})", "[1,[2]]"),
        ("values([1, 2])", "[1,2]"),
        ("values(null)", "[]"),
        ("min(3, 1, 2)", "1"),
        ("max(3, '10', 2)", "10"),
        ("max([3, 1], 2)", "3"),
        ("min([])", "null"),
        ("max(1, unknown)", "null"),
        ("max(1, null)", "1"),
    ]);
    check_fails("len(5)", "expression_error", "`len` does not take a number");
    check_fails("keys('a')", "expression_error", "`keys` does not take a text");
    check_fails("values(true)", "expression_error", "`values` does not take a boolean");
}

#[test]
fn functions_on_numbers() {
    check_all(&[
        ("round(2.5)", "3"),
        ("round(-2.5)", "-2"),
        ("round(0.49999999999999994)", "0"),
        ("round(1.005, 2)", "1.01"),
        ("round(-1.005, 2)", "-1"),
        ("round(1234.5, -2)", "1200"),
        ("round(1e300, 2)", "1e+300"),
        ("round('2.7')", "3"),
        ("round(unknown)", "null"),
        ("floor(-1.5)", "-2"),
        ("ceil(-1.5)", "-1"),
        ("ceil(1.2)", "2"),
        ("abs(neg)", "2.5"),
        ("abs('x')", "null"),
    ]);
    check_fails("round(1, 16)", "expression_error", "digits");
}

#[test]
fn time_and_ids_are_given() {
    check_all(&[
        ("now()", r#""2023-11-14T22:13:20.123Z""#),
        ("[uuid(), uuid()]", r#"["id-1","id-2"]"#),
        ("no && uuid() || uuid()", r#""id-1""#),
    ]);
}

#[test]
fn dates_are_formatted() {
    check_all(&[
        ("dateFormat(now(), 'yyyy-MM-dd HH:mm:ss.SSS')", r#""2023-11-14 22:13:20.123""#),
        ("dateFormat(now(), 'EEE, d MMM yy')", r#""Tue, 14 Nov 23""#),
        (
            "dateFormat(now(), \"EEEE 'the' d. MMMM y, h 'o''clock' a\")",
            r#""Tuesday the 14. November 2023, 10 oclock PM""#,
        ),
        ("dateFormat('2024-03-05T00:07:09Z', 'M/d H:m:s hh:mm a S SS')", r#""3/5 0:7:9 12:07 AM 0 00""#),
        ("dateFormat(now(), 'HH:mm XXX', 'Europe/Berlin')", r#""23:13 +01:00""#),
        ("dateFormat(now(), 'HH:mm XXX', 'America/New_York')", r#""17:13 -05:00""#),
        ("dateFormat('2024-07-01T12:00:00+02:00', 'HH:mm XXX')", r#""10:00 Z""#),
        ("dateFormat('2024-02-29', 'dd.MM.yyyy HH:mm')", r#""29.02.2024 00:00""#),
        ("dateFormat('2024-02-29T10:30:00', 'HH:mm')", r#""10:30""#),
        ("dateFormat(0, 'yyyy')", r#""1970""#),
        ("dateFormat(-1, 'yyyy SSS')", r#""1969 999""#),
        ("dateFormat('yesterday', 'yyyy')", "null"),
        ("dateFormat(unknown, 'yyyy')", "null"),
        ("dateFormat(1e300, 'yyyy')", "null"),
        ("dateFormat(0, \"''yyyy''\")", r#""'1970'""#),
        ("dateFormat(0, '')", r#""""#),
    ]);
    check_fails("dateFormat(0, 'YYYY')", "expression_error", "knows no pattern `YYYY`");
    check_fails("dateFormat(0, \"'open\")", "expression_error", "apostrophe");
    check_fails("dateFormat(0, 'yyyy', 'Mars/Base')", "expression_error", "knows no time zone `Mars/Base`");
    check_fails("dateFormat(0, 'yyyy', 5)", "expression_error", "does not take a number");
}

#[test]
fn methods_on_other_types_fail_at_run_time() {
    check_fails("n.includes(5)", "expression_error", "no method `includes` on a number");
    check_fails("user.slice(1)", "expression_error", "no method `slice` on an object");
    check_fails("list.trim()", "expression_error", "no method `trim` on an array");
    check_fails("text.join(',')", "expression_error", "no method `join` on a text");
    check_fails("yes.concat(1)", "expression_error", "no method `concat` on a boolean");
}

#[test]
fn what_is_not_part_of_the_language_is_refused_where_it_stands() {
    for (source, offset, message) in [
        ("", 0, "unexpected the end"),
        ("a = 1", 2, "assignment"),
        ("a += 1", 2, "assignment"),
        ("a++", 1, "assignment"),
        ("x => x", 2, "functions"),
        ("list.map(x => x)", 5, "no method `map`"),
        ("function() {}", 0, "no function `function`"),
        ("new Date()", 4, "unexpected `Date`"),
        ("typeof a", 7, "unexpected `a`"),
        ("/a/.test(b)", 0, "regular expressions"),
        ("`a`", 0, "template literals"),
        ("eval('1')", 0, "no function `eval`"),
        ("a.constructor('x')", 2, "no method `constructor`"),
        ("a['trim']()", 9, "only the named"),
        ("(a)()", 3, "only the named"),
        ("a; b", 1, "unexpected `;`"),
        ("a, b", 1, "unexpected `,`"),
        ("a & b", 2, "unexpected `&`"),
        ("a ** b", 2, "unexpected `**`"),
        ("[...a]", 1, "unexpected `...`"),
        ("[1,,2]", 3, "unexpected `,`"),
        ("{a}", 2, "expected `:`, found `}`"),
        ("(1", 2, "expected `)`, found the end"),
        ("a.", 2, "a name has to follow the dot"),
        ("a.0", 1, "unexpected the number 0"),
        ("'abc", 0, "no closing quote"),
        ("'a\nb'", 0, "no closing quote"),
        (r"'\u12'", 1, "wrong escape"),
        (r"'\ud800'", 1, "wrong escape"),
        ("3px", 0, "`3px` is not a number"),
        ("010", 0, "not a number"),
        ("1.2.3", 0, "not a number"),
        ("a ?? b || c", 2, "needs brackets"),
        ("a && b ?? c", 7, "needs brackets"),
        ("a ?", 3, "unexpected the end"),
        ("a ? b", 5, "expected `:`"),
        ("trim()", 0, "no function `trim`"),
        ("str()", 0, "`str` takes 1 arguments, not 0"),
        ("round(1, 2, 3)", 0, "takes 1 to 2 arguments"),
        ("a.replace('x')", 2, "takes 2 arguments"),
        ("@", 0, "unexpected `@`"),
        ("a 'b'", 2, "unexpected a text"),
    ] {
        check_refused(source, offset, message);
    }
}

#[test]
fn a_parsed_expression_tells_its_source_and_roots() {
    let expression = Expression::parse(" a.b + c[d] + str(a) + {e: f}.g ").expect("it is well formed");
    assert_eq!(expression.source(), " a.b + c[d] + str(a) + {e: f}.g ");
    assert_eq!(expression.roots(), ["a", "c", "d", "f"]);
}

#[test]
fn truth_is_that_of_javascript() {
    for (source, expected) in [
        ("n", true),
        ("zero", false),
        ("empty", false),
        ("' '", true),
        ("unknown", false),
        ("nothing", false),
        ("0/0", false),
        ("[]", true),
        ("{}", true),
        ("'0'", true),
        ("big", true),
    ] {
        let expression = Expression::parse(source).expect("it is well formed");
        assert_eq!(in_env(|names, env| expression.is_truthy(names, env)), Ok(expected), "{source}");
    }
}

#[test]
fn structures_of_the_context_pass_unchanged() {
    assert_eq!(evaluate("list"), Ok(context()["list"].clone()));
    assert_eq!(
        evaluate("{copy: user, more: [list]}"),
        Ok(json!({ "copy": context()["user"], "more": [context()["list"]] }))
    );
}

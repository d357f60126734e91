use serde_json::json;

use super::*;

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("floe-file-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a temporary folder");
    path
}

#[test]
fn a_record_written_and_read_again_is_the_same_and_in_the_same_order() {
    let record = json!({ "_id": "x", "settings": { "b": 1, "a": 2 }, "description": "", "revision": 7,
        "definition": { "steps": [{ "type": "api", "id": "start" }] }, "name": "Refund / request É" });
    let file = FlowFile::of_record(&record);
    assert_eq!(file.file_name(), "refund---request-é.flow.json");
    let path = folder("same").join(file.file_name());
    std::fs::write(&path, file.text()).expect("written");
    assert_eq!(FlowFile::read(&path).expect("read"), file);
    let keys: Vec<String> = file.fields().keys().cloned().collect();
    assert_eq!(keys, ["name", "definition", "settings"]);
    assert!(file.text().contains("\"b\": 1,\n    \"a\": 2"));
}

#[test]
fn files_that_are_no_flow_files_are_refused_with_the_place() {
    let folder = folder("bad");
    for (name, text, part) in [
        ("a.flow.json", "{", "EOF"),
        ("b.flow.json", "[]", "not a JSON object"),
        ("c.flow.json", "{\"definition\":{}}", "/name is missing"),
        ("d.flow.json", "{\"name\":\"n\"}", "/definition is missing"),
        ("e.flow.json", "{\"name\":\"n\",\"definition\":{},\"steps\":[]}", "/steps is not a field"),
        ("f.workflow.json", "{}", "is a workflow file"),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        let failure = FlowFile::read(&path).expect_err("a refusal");
        assert!(failure.message.contains(part), "{name}: {failure}");
        assert_eq!(failure.exit as u8, 7);
    }
}

#[test]
fn a_base_counts_only_for_its_server_and_flow() {
    let folder = folder("bases");
    let base = Base { server: "http://a".to_owned(), id: "1".to_owned(), revision: 4 };
    Bases::of_folder(&folder).note("x.flow.json", base).expect("noted");
    let bases = Bases::of_folder(&folder);
    assert_eq!(bases.revision("x.flow.json", "http://a", "1"), Some(4));
    assert_eq!(bases.revision("x.flow.json", "http://b", "1"), None);
    assert_eq!(bases.revision("x.flow.json", "http://a", "2"), None);
    assert_eq!(bases.revision("y.flow.json", "http://a", "1"), None);
}

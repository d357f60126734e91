//! Which files a node takes: media types, endings and groups of media types, as definitions write them.

/// Whether a file is one of those that are allowed; an empty list allows all.
pub(super) fn is_allowed(allowed: &[String], name: &str, media_type: &str) -> bool {
    let name = name.to_lowercase();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    allowed.is_empty() || allowed.iter().any(|one| fits(&one.trim().to_lowercase(), &name, &media_type))
}

fn fits(allowed: &str, name: &str, media_type: &str) -> bool {
    if allowed == "*" || allowed == "*/*" {
        return true;
    }
    if let Some(group) = allowed.strip_suffix("/*") {
        return media_type.split('/').next() == Some(group) || of_group(group, name);
    }
    if allowed.contains('/') {
        return media_type == allowed || ending_of(allowed).is_some_and(|ending| has_ending(name, ending));
    }
    let ending = allowed.trim_start_matches('.');
    has_ending(name, ending) || media_of(ending) == Some(media_type)
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, own)| own == ending)
}

fn of_group(group: &str, name: &str) -> bool {
    TYPES.iter().any(|(ending, media)| media.split('/').next() == Some(group) && has_ending(name, ending))
}

fn ending_of(media: &str) -> Option<&'static str> {
    TYPES.iter().find(|(_, one)| *one == media).map(|(ending, _)| *ending)
}

/// The media type of files with an ending.
pub(super) fn media_of(ending: &str) -> Option<&'static str> {
    TYPES.iter().find(|(one, _)| *one == ending).map(|(_, media)| *media)
}

const TYPES: [(&str, &str); 14] = [
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("json", "application/json"),
    ("pdf", "application/pdf"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_compared_in_every_notation() {
        let check = |allowed: &str, name: &str, media: &str| is_allowed(&[allowed.to_owned()], name, media);
        for (allowed, name, media) in [
            ("text/csv", "a.csv", ""),
            ("text/csv", "a", "text/csv; charset=utf-8"),
            (".csv", "A.CSV", ""),
            ("csv", "a", "text/csv"),
            ("image/*", "a.png", "application/octet-stream"),
            ("image/*", "a", "image/x-icon"),
            ("*/*", "a.exe", ""),
        ] {
            assert!(check(allowed, name, media), "{allowed} {name} {media}");
        }
        for (allowed, name, media) in
            [("text/csv", "a.pdf", "application/pdf"), ("pdf", "pdf", ""), ("image/*", "a.csv", "text/csv")]
        {
            assert!(!check(allowed, name, media), "{allowed} {name} {media}");
        }
        assert!(is_allowed(&[], "a.exe", ""));
    }
}

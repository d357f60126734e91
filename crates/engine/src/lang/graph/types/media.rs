//! Types for audio, images, video and documents, which need something that a minimal server has not.

use super::ai::{MEDIA, MEDIA_MODEL, MEDIA_PROVIDER};
use super::{Family, NodeType, inside, optional};
use crate::catalog::{Field, FieldKind as K};

pub(super) const TYPES: &[NodeType] = &[
    NodeType {
        key: "audioInput",
        name: "Audio input",
        description: "A recording that whoever starts the workflow gives, as text.",
        fields: &[Field::new("inputName", "Name", K::Text, "Name of the input."), MEDIA_PROVIDER, MEDIA_MODEL],
        runs: optional("node-audioInput"),
        ..MEDIA
    },
    NodeType {
        key: "audio",
        name: "Audio",
        description: "Works on a recording.",
        fields: &[MEDIA_PROVIDER, MEDIA_MODEL, Field::new("audioSource", "Recording", K::Text, "Address or file.")],
        runs: optional("node-audio"),
        ..MEDIA
    },
    NodeType {
        key: "audioTranscription",
        name: "Transcription",
        description: "Writes down a recording.",
        fields: &[MEDIA_PROVIDER, MEDIA_MODEL, Field::new("audioSource", "Recording", K::Text, "Address or file.")],
        outputs: &[("text", "what was said")],
        runs: optional("node-audioTranscription"),
        ..MEDIA
    },
    NodeType {
        key: "audioOutput",
        name: "Speech",
        description: "Speaks a text.",
        fields: &[
            MEDIA_PROVIDER,
            MEDIA_MODEL,
            Field::new("textInput", "Text", K::LongText, "What is spoken."),
            Field::new("voice", "Voice", K::Text, "Whose."),
        ],
        runs: optional("node-audioOutput"),
        ..MEDIA
    },
    NodeType {
        key: "imageGeneration",
        aliases: &["image_generate", "imageGenerate"],
        name: "Image",
        description: "Makes an image of a description.",
        fields: &[MEDIA_PROVIDER, MEDIA_MODEL, Field::new("prompt", "Prompt", K::LongText, "What it shows.")],
        runs: optional("node-imageGeneration"),
        ..MEDIA
    },
    NodeType {
        key: "videoGeneration",
        name: "Video",
        description: "Makes a video of a description.",
        fields: &[MEDIA_PROVIDER, MEDIA_MODEL, Field::new("prompt", "Prompt", K::LongText, "What it shows.")],
        runs: optional("node-videoGeneration"),
        ..MEDIA
    },
    NodeType {
        key: "ocrExtraction",
        name: "Text of an image",
        description: "Reads the text of an image.",
        fields: &[Field::new("imageSource", "Image", K::Text, "Address or file.")],
        outputs: &[("text", "the text")],
        runs: optional("node-ocrExtraction"),
        ..MEDIA
    },
    NodeType {
        key: "pdfExtract",
        name: "Text of a PDF",
        category: "documents",
        description: "Reads the text of a PDF document.",
        fields: &[Field::new("path", "Document", K::Text, "Address or file.")],
        outputs: &[("text", "the text"), ("pages", "how many")],
        runs: inside("node-pdfExtract"),
        ..NodeType::PLAIN
    },
    NodeType {
        key: "pdfGeneration",
        aliases: &["pdf_generate", "pdfGenerate"],
        name: "PDF",
        category: "documents",
        description: "Makes a PDF document.",
        fields: &[Field::new("content", "Content", K::LongText, "Text or HTML.")],
        runs: optional("node-pdfGeneration"),
        ..NodeType::PLAIN
    },
    NodeType {
        key: "chartGeneration",
        name: "Chart",
        category: "documents",
        description: "Draws a chart.",
        fields: &[
            Field::new("chartType", "Kind", K::Text, "bar, line, pie, …"),
            Field::new("dataSource", "Data", K::Json, "What is drawn."),
            Field::new("title", "Title", K::Text, "Above it."),
        ],
        runs: optional("node-chartGeneration"),
        ..NodeType::PLAIN
    },
    NodeType {
        key: "spreadsheetGeneration",
        name: "Spreadsheet",
        category: "documents",
        description: "Makes a spreadsheet of rows.",
        fields: &[
            Field::new("dataSource", "Rows", K::Json, "Objects or lists."),
            Field::new("format", "Format", K::Select, "Kind of file.").options(&["xlsx", "csv"]),
            Field::new("filename", "File name", K::Text, "What it is called."),
            Field::new("sheetName", "Sheet", K::Text, "What the sheet is called."),
        ],
        outputs: &[("filename", "the file"), ("url", "its address"), ("rowCount", "how many rows")],
        runs: inside("node-spreadsheetGeneration"),
        ..NodeType::PLAIN
    },
    NodeType {
        key: "screenshotCapture",
        name: "Screenshot",
        category: "documents",
        description: "Takes a picture of a web page.",
        fields: &[Field::new("url", "Address", K::Text, "Which page.")],
        family: Family::Web,
        runs: optional("node-screenshotCapture"),
        ..NodeType::PLAIN
    },
];

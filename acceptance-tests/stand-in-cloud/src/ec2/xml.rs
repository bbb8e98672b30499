//! Writes the XML that EC2 replies with: elements and text, no attributes but the root's namespace.

use std::fmt::Display;

/// XML content being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Xml(String);

impl Xml {
    /// No content.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Writes `<name>value</name>`, the value escaped.
    pub(crate) fn text(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        let escaped = quick_xml::escape::escape(&value);
        self.element(name, |xml| xml.0.push_str(&escaped));
    }

    /// Writes `<name>value</name>`, or nothing: EC2 leaves absent members out.
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Writes `<name>`, the content, `</name>`.
    pub(crate) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.0.extend(["<", name, ">"]);
        content(self);
        self.0.extend(["</", name, ">"]);
    }

    /// Writes a list as EC2 does: `<name><item>…</item>…</name>`, the outer element also when the list is empty.
    pub(crate) fn items<T>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
        mut content: impl FnMut(&mut Self, T),
    ) {
        self.element(name, |xml| {
            for value in values {
                xml.element("item", |xml| content(xml, value));
            }
        });
    }

    /// The content as text.
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

//! What a compiler gives.

use crate::attachment::Attachment;
use crate::capability::Level;
use crate::finding::{Finding, Findings, Row};
use crate::manifest::Manifest;

/// What a policy becomes on an engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The objects, in the order in which to apply them; none where a finding refuses.
    pub manifests: Vec<Manifest>,
    /// What is added to objects of others once the manifests are applied.
    pub attachments: Vec<Attachment>,
    /// What is not exact.
    pub findings: Vec<Finding>,
}

impl Compiled {
    /// These objects, unless a finding refuses.
    pub fn new<C: Copy + Into<Row>>(manifests: Vec<Manifest>, findings: Findings<'_, C>) -> Self {
        let findings = findings.into_vec();
        let refused = findings.iter().any(|finding| finding.level == Level::Refused);
        Self { manifests: if refused { Vec::new() } else { manifests }, attachments: Vec::new(), findings }
    }

    /// The same with additions to objects of others, unless a finding refuses.
    #[must_use]
    pub fn attaching(mut self, attachments: Vec<Attachment>) -> Self {
        if !self.findings.iter().any(|finding| finding.level == Level::Refused) {
            self.attachments = attachments;
        }
        self
    }
}

//! Tags of any resource.

use aws_sdk_ec2::types::Tag;
use cloud::Error;

use super::Client;
use crate::error::classify;

impl Client {
    /// `CreateTags`: sets these tags and leaves others.
    pub(crate) async fn create_tags(&self, resource: &str, tags: Vec<Tag>) -> Result<(), Error> {
        let answer = self.ec2.create_tags().resources(resource).set_tags(Some(tags)).send().await;
        answer.map(drop).map_err(|e| classify("CreateTags", e))
    }

    /// `DeleteTags`: removes the tags with these keys, whatever their values.
    pub(crate) async fn delete_tags(&self, resource: &str, keys: &[String]) -> Result<(), Error> {
        let tags = keys.iter().map(|key| Tag::builder().key(key).build()).collect();
        let answer = self.ec2.delete_tags().resources(resource).set_tags(Some(tags)).send().await;
        answer.map(drop).map_err(|e| classify("DeleteTags", e))
    }
}

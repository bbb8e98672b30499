//! The account and its limits, and network interfaces, which say what uses an address.

use aws_sdk_ec2::types::NetworkInterface;
use cloud::Error;

use super::Client;
use crate::convert;
use crate::error::classify;

impl Client {
    /// `GetCallerIdentity`, which needs no permission: the number of the account.
    pub(crate) async fn account(&self) -> Result<Option<String>, Error> {
        let answer = self.sts.get_caller_identity().send().await;
        Ok(answer.map_err(|e| classify("GetCallerIdentity", e))?.account)
    }

    /// `DescribeAccountAttributes` for one attribute; `None` when the answer has no number for it.
    pub(crate) async fn account_attribute(&self, name: &str) -> Result<Option<u64>, Error> {
        let answer = self.ec2.describe_account_attributes().attribute_names(name.into()).send().await;
        let attributes = answer.map_err(|e| classify("DescribeAccountAttributes", e))?.account_attributes;
        let mut named = attributes.unwrap_or_default().into_iter().filter(|a| a.attribute_name() == Some(name));
        let value =
            named.next().and_then(|attribute| attribute.attribute_values().first()?.attribute_value()?.parse().ok());
        Ok(value)
    }

    /// `DescribeNetworkInterfaces` for these ids; those that do not exist are left out.
    pub(crate) async fn describe_network_interfaces(&self, ids: Vec<String>) -> Result<Vec<NetworkInterface>, Error> {
        let filters = convert::filters(&[("network-interface-id", ids)]);
        let mut pages = self.ec2.describe_network_interfaces().set_filters(filters).into_paginator().items().send();
        let mut interfaces = Vec::new();
        while let Some(interface) = pages.next().await {
            interfaces.push(interface.map_err(|e| classify("DescribeNetworkInterfaces", e))?);
        }
        Ok(interfaces)
    }
}

//! The account and its limits, and network interfaces, which say what uses an address.

use aws_sdk_ec2::types::NetworkInterface;
use cloud::{Calls, Error};

use super::{Client, pages};
use crate::error::classify;

impl Client {
    /// `GetCallerIdentity`, which needs no permission: the number of the account.
    pub(crate) async fn account(&self) -> Result<Option<String>, Error> {
        let answer = self.sts.get_caller_identity().send().await;
        Ok(answer.map_err(|e| classify("GetCallerIdentity", e))?.account)
    }

    /// `DescribeAccountAttributes` for one attribute; `None` when the answer has no number for it.
    pub(crate) async fn account_attribute(&self, calls: &Calls<'_>, name: &str) -> Result<Option<u64>, Error> {
        const OPERATION: &str = "DescribeAccountAttributes";
        let send = || async {
            let call = self.ec2.describe_account_attributes().attribute_names(name.into());
            Ok(call.send().await.map_err(|e| classify(OPERATION, e))?.account_attributes)
        };
        let attributes = Box::pin(calls.read(OPERATION, send)).await?;
        let mut named = attributes.unwrap_or_default().into_iter().filter(|a| a.attribute_name() == Some(name));
        let value =
            named.next().and_then(|attribute| attribute.attribute_values().first()?.attribute_value()?.parse().ok());
        Ok(value)
    }

    /// `DescribeNetworkInterfaces` for these ids; those that do not exist are left out.
    pub(crate) async fn describe_network_interfaces(
        &self,
        calls: &Calls<'_>,
        ids: Vec<String>,
    ) -> Result<Vec<NetworkInterface>, Error> {
        const OPERATION: &str = "DescribeNetworkInterfaces";
        pages(calls, OPERATION, &[("network-interface-id", ids)], |filters, token| async {
            let call = self.ec2.describe_network_interfaces().set_filters(filters).set_next_token(token);
            let answer = call.send().await.map_err(|e| classify(OPERATION, e))?;
            Ok((answer.network_interfaces, answer.next_token))
        })
        .await
    }
}

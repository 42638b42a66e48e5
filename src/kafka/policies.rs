//! `cleanup.policy` of the topics that exist, and the rights that its description shows to be missing.

use std::collections::BTreeMap;

use rdkafka::admin::{AdminOptions, ConfigResource, OwnedResourceSpecifier, ResourceSpecifier};

use super::admin::{admin, block_on, client, refused_by};
use super::query::REQUEST_TIMEOUT;
use super::rights::{Principal, Right};
use super::settings::ClientSettings;
use super::topic_spec::TopicSpec;
use crate::runtime::Fault;

/// `cleanup.policy` by topic, of those among `specs` that exist. `listed` are the topics that the brokers list.
///
/// # Errors
/// The missing right, if the principal may not describe a topic, or a topic exists that is not listed. When the cluster does
/// not answer.
pub fn cleanup_policies(
    settings: &ClientSettings,
    specs: &[TopicSpec],
    listed: &BTreeMap<String, i32>,
) -> Result<BTreeMap<String, String>, Fault> {
    let found = described(settings, specs)?;
    for spec in specs {
        let (name, right) = (&spec.name, spec.needed());
        match (listed.contains_key(name), found.contains_key(name)) {
            // The client leaves the error out and returns a description without entries.
            (true, false) => {
                let right = Right::DescribeConfigs(name.clone());
                return Err(Principal::of(settings).lacks(&right));
            }
            // Brokers do not list a topic on which the principal has no right. Or it was created a moment ago.
            (false, true) => client(settings)?.check_visible(name, &right)?,
            _ => {}
        }
    }
    Ok(found)
}

/// `cleanup.policy` by topic, of those that exist and may be described.
fn described(
    settings: &ClientSettings,
    specs: &[TopicSpec],
) -> Result<BTreeMap<String, String>, Fault> {
    let topics = specs
        .iter()
        .map(|spec| ResourceSpecifier::Topic(&spec.name));
    let resources: Vec<ResourceSpecifier<'_>> = topics.collect();
    // Seconds after a broker died, a request may be sent to it and lost. The start asks again then.
    let options = AdminOptions::new().request_timeout(Some(REQUEST_TIMEOUT));
    let admin = admin(settings)?;
    let described = block_on(admin.describe_configs(&resources, &options))?
        .map_err(|error| refused_by(settings, &error, "described"))?;
    let each = described.into_iter().filter_map(Result::ok);
    Ok(each.filter_map(policy).collect())
}

fn policy(resource: ConfigResource) -> Option<(String, String)> {
    let value = resource.get("cleanup.policy")?.value.clone()?;
    match resource.specifier {
        OwnedResourceSpecifier::Topic(name) => Some((name, value)),
        _ => None,
    }
}

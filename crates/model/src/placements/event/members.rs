//! The members of an event on the wire, each as the piece of text that it is.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Declares which members an event has.
macro_rules! members {
    ($($(#[$doc:meta])* $field:ident,)+) => {
        /// The members of one event; null and absent are the same, of doubles the last counts.
        #[derive(Debug, Default)]
        pub(super) struct Members<'a> {
            $($(#[$doc])* pub(super) $field: Option<&'a RawValue>,)+
        }

        /// Which member a name is.
        #[allow(non_camel_case_types, reason = "the names on the wire")]
        enum Name { $($field,)+ Unknown }

        impl Name {
            fn of(text: &str) -> Self {
                match text {
                    $(stringify!($field) => Self::$field,)+
                    _ => Self::Unknown,
                }
            }
        }

        impl<'a> Members<'a> {
            fn take<M: MapAccess<'a>>(&mut self, name: Name, map: &mut M) -> Result<(), M::Error> {
                match name {
                    $(Name::$field => self.$field = value(map)?,)+
                    Name::Unknown => { map.next_value::<IgnoredAny>()?; }
                }
                Ok(())
            }
        }
    };
}

members! {
    event_id, app_id, flow_id, flow_version_id, user_id, session_id, device_platform, event_type, timestamp, sdk_version,
    placement_id, flow_version, experiment_id, variant_id, variant_name, screen_id, screen_name, screen_index,
    element_id, element_type, interaction_type, revenue, currency, time_since_flow_start_ms, time_on_screen_ms,
    app_version, country, properties, is_debug, ab_assignments,
}

fn value<'a, M: MapAccess<'a>>(map: &mut M) -> Result<Option<&'a RawValue>, M::Error> {
    let value: &'a RawValue = map.next_value()?;
    Ok(Some(value).filter(|value| value.get() != "null"))
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<Name>()? {
            members.take(name, &mut map)?;
        }
        Ok(members)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Name, E> {
                Ok(Name::of(text))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

//! Definitions ready to check by: compiled once, and kept for as long as there is room.

use std::sync::Arc;

use lru::LruCache;
use motia::{
    prelude::*,
    schema::{Checker, Violation},
};
use parking_lot::Mutex;

use super::{
    definition::Definition,
    safety::{SafetyRules, Screen},
    settings::{ROUTER_CONTRACTS_KEPT, common_safety},
};

/// A definition that is ready to check by.
#[derive(Debug)]
pub struct Contract {
    /// Checks what comes in.
    pub input: Checker,
    /// Checks what goes out.
    pub output: Checker,
    /// Looks for what no input may hold.
    pub screen: Screen,
}

impl Contract {
    /// Compiles a definition, under what the settings say of all inputs.
    ///
    /// # Errors
    /// Every schema and pattern that does not compile, by its place in the definition.
    pub fn of(definition: &Definition, common: &SafetyRules) -> Result<Self, Vec<Violation>> {
        let mut faults = Vec::new();
        let mut schema = |place: &str, schema: &Value| {
            let found = Checker::compile(schema);
            found.map_err(|why| faults.push(Violation::new(place, why))).ok()
        };
        let input = schema("/inputSchema", &definition.input_schema);
        let output = schema("/outputSchema", &definition.output_schema);
        let screen = Screen::of(&[common, &definition.safety]).map_err(|found| {
            let below = |fault: Violation| {
                Violation::new(format!("/safety{}", fault.pointer), fault.detail)
            };
            faults.extend(found.into_iter().map(below));
        });
        match (input, output, screen) {
            (Some(input), Some(output), Ok(screen)) => Ok(Self { input, output, screen }),
            _ => Err(faults),
        }
    }
}

/// The contract of a definition in this app: compiled, or as it was compiled before.
///
/// # Errors
/// As [`Contract::of`].
pub fn of<E>(ctx: &Context<E>, definition: &Definition) -> Result<Arc<Contract>, Vec<Violation>> {
    let most = ctx.setting(ROUTER_CONTRACTS_KEPT);
    ctx.shared::<Contracts>().get(definition, &common_safety(ctx), most)
}

/// The contracts that are compiled, by definition and version: one place for an app.
#[derive(Debug)]
pub struct Contracts(Mutex<LruCache<String, Arc<Contract>>>);

impl Default for Contracts {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Contracts {
    /// The contract of a definition, compiled if it is not among the last `most` that were asked for.
    ///
    /// # Errors
    /// As [`Contract::of`].
    pub fn get(
        &self,
        definition: &Definition,
        common: &SafetyRules,
        most: usize,
    ) -> Result<Arc<Contract>, Vec<Violation>> {
        let key = definition.key();
        if let Some(known) = self.0.lock().get(&key) {
            return Ok(known.clone());
        }
        // Not while locked: others need not wait for it.
        let contract = Arc::new(Contract::of(definition, common)?);
        let mut known = self.0.lock();
        known.put(key, contract.clone());
        while known.len() > most.max(1) {
            known.pop_lru();
        }
        Ok(contract)
    }

    /// How many are compiled.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.0.lock().len()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::task_router::{amount::Span, definition::RetryPolicy};

    pub(in super::super) fn definition(task_id: &str) -> Definition {
        Definition {
            task_id: task_id.into(),
            name: "A task".into(),
            version: "1".parse().unwrap(),
            input_schema: json!({ "type": "object", "required": ["text"] }),
            output_schema: json!(true),
            timeout: Span::secs(30),
            retry_policy: RetryPolicy {
                max_attempts: NonZeroU32::MIN,
                backoff_initial: Span::secs(1),
                backoff_max: Span::secs(10),
                backoff_factor: 2.0,
            },
            rate_limit: None,
            resource_quota: None,
            priority: Priority::NORMAL,
            cache_ttl: None,
            requires: vec![task_id.into()],
            sticky: false,
            safety: SafetyRules::default(),
        }
    }

    #[test]
    fn all_that_does_not_compile_is_named_by_its_place() {
        let broken = Definition {
            input_schema: json!({ "type": "nothing" }),
            output_schema: json!({ "$ref": "https://example.com/schema.json" }),
            ..definition("broken")
        };

        let faults = Contract::of(&broken, &SafetyRules::default()).unwrap_err();

        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/inputSchema", "/outputSchema"]);
        assert!(faults[1].detail.contains("never fetched"), "{}", faults[1].detail);
    }

    #[test]
    fn no_more_contracts_are_kept_than_there_is_room_for_and_the_last_asked_for_stay() {
        let (contracts, none) = (Contracts::default(), SafetyRules::default());
        let get = |name: &str| contracts.get(&definition(name), &none, 2).unwrap();
        let first = get("a");
        for name in ["b", "a", "c"] {
            get(name);
        }

        assert_eq!(contracts.kept(), 2);
        assert!(Arc::ptr_eq(&first, &get("a")));
    }
}

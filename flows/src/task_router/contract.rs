//! Definitions ready to check by: read and compiled once, and kept for as long as there is room, since a
//! definition never changes.

use std::sync::Arc;

use lru::LruCache;
use motia::{
    prelude::*,
    schema::{Checker, Violation},
};
use parking_lot::Mutex;

use super::{
    definition::{DEFINITIONS, Definition},
    safety::{SafetyRules, Screen},
    settings::{ROUTER_CONTRACTS_KEPT, common_safety},
};

/// A definition that is ready to check by.
#[derive(Debug)]
pub struct Contract {
    /// The definition.
    pub definition: Definition,
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
            (Some(input), Some(output), Ok(screen)) => {
                Ok(Self { definition: definition.clone(), input, output, screen })
            }
            _ => Err(faults),
        }
    }
}

/// The contract of the definition of this key: compiled, or as it was compiled before; `None`: there is none.
///
/// # Errors
/// When it does not compile, or the store fails.
pub async fn of<E>(ctx: &Context<E>, key: &str) -> StepResult<Option<Arc<Contract>>> {
    let contracts = ctx.shared::<Contracts>();
    if let Some(known) = contracts.known(key) {
        return Ok(Some(known));
    }
    let Some(definition) = ctx.state.get(DEFINITIONS, key).await? else { return Ok(None) };
    let contract = Contract::of(&definition, &common_safety(ctx)).map_err(|faults| {
        StepError::fatal(format!("the definition `{key}` does not compile: {}", faults[0]))
    })?;
    Ok(Some(contracts.keep(contract, ctx.setting(ROUTER_CONTRACTS_KEPT))))
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
    /// The contract of the definition of this key, if it was compiled.
    #[must_use]
    pub fn known(&self, key: &str) -> Option<Arc<Contract>> {
        self.0.lock().get(key).cloned()
    }

    /// Keeps a contract, in the place of one that was not asked for lately where there are `most` already.
    pub fn keep(&self, contract: Contract, most: usize) -> Arc<Contract> {
        let contract = Arc::new(contract);
        let mut known = self.0.lock();
        known.put(contract.definition.key(), contract.clone());
        while known.len() > most.max(1) {
            known.pop_lru();
        }
        contract
    }

    /// Forgets the contract of the definition of this key: it was taken in anew.
    pub fn forget(&self, key: &str) {
        self.0.lock().pop(key);
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
        let contracts = Contracts::default();
        let keep = |name: &str| {
            let contract = Contract::of(&definition(name), &SafetyRules::default()).unwrap();
            contracts.keep(contract, 2)
        };
        let (first, second) = (keep("a"), keep("b"));

        contracts.known(&first.definition.key()).unwrap();
        keep("c");

        assert_eq!(contracts.kept(), 2);
        assert!(Arc::ptr_eq(&first, &contracts.known(&first.definition.key()).unwrap()));
        assert!(contracts.known(&second.definition.key()).is_none());
    }

    #[tokio::test]
    async fn a_definition_is_read_once_and_one_that_is_not_there_is_looked_for_again() {
        let (ctx, probe) = motia_testkit::fake::<()>();
        let key = definition("a").key();
        assert!(of(&ctx, &key).await.unwrap().is_none());
        probe.state.set(DEFINITIONS, &key, &definition("a")).await.unwrap();

        let first = of(&ctx, &key).await.unwrap().unwrap();
        probe.break_store().await;

        assert!(Arc::ptr_eq(&first, &of(&ctx, &key).await.unwrap().unwrap()));
    }
}

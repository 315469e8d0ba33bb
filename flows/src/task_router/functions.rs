//! Rust functions that tasks can be routed to: registered where they stand, by name.

mod text;

use std::future::Future;

use motia::{prelude::*, store::BoxFuture};
use serde::de::DeserializeOwned;

use crate::aside::{NoOutput, Work};

/// The work aside that runs the function it is about.
pub const ASIDE: &str = "function";
inventory::submit! { Work { name: ASIDE, run: run_aside } }

/// A function that tasks can be routed to; [`executor!`](crate::executor!) registers it.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// What executors call it by.
    pub name: &'static str,
    run: fn(Value) -> BoxFuture<'static, StepResult<Value>>,
}

inventory::collect!(Function);

impl Function {
    /// What `executor!` submits.
    #[must_use]
    pub const fn new(
        name: &'static str,
        run: fn(Value) -> BoxFuture<'static, StepResult<Value>>,
    ) -> Self {
        Self { name, run }
    }

    /// Runs it.
    ///
    /// # Errors
    /// Those of the function; fatal when the input is not what it takes.
    pub async fn run(self, input: Value) -> StepResult<Value> {
        (self.run)(input).await
    }
}

/// The function of this name.
#[must_use]
pub fn find(name: &str) -> Option<Function> {
    inventory::iter::<Function>.into_iter().find(|function| function.name == name).copied()
}

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    inventory::iter::<Function>.into_iter().map(|function| function.name)
}

/// Runs the function of this name, in the process that was started for it.
#[expect(clippy::needless_pass_by_value, reason = "what runs aside owns its input")]
fn run_aside(name: &str, input: Vec<u8>) -> Result<Vec<u8>, NoOutput> {
    let failed = |why: &dyn std::fmt::Display| NoOutput::Failed(why.to_string());
    let function = find(name).ok_or_else(|| failed(&format!("there is no function `{name}`")))?;
    let input = serde_json::from_slice(&input).map_err(|error| failed(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let output = runtime.map_err(|error| failed(&error))?.block_on(function.run(input));
    match output {
        Ok(output) => Ok(output.to_string().into_bytes()),
        Err(error) if error.is_fatal() => Err(NoOutput::Refused(error.to_string())),
        Err(error) => Err(failed(&error)),
    }
}

/// Calls a typed function with JSON.
///
/// # Errors
/// Those of the function; fatal when the input is not what it takes.
pub async fn call<I, O, F, Fut>(function: F, input: Value) -> StepResult<Value>
where
    I: DeserializeOwned,
    O: Serialize,
    F: FnOnce(I) -> Fut,
    Fut: Future<Output = StepResult<O>>,
{
    let input = serde_json::from_value(input).map_err(StepError::fatal)?;
    let output = function(input).await?;
    serde_json::to_value(output).map_err(StepError::fatal)
}

/// Registers an async function that local executors may run, under a name.
///
/// ```
/// use motia::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Numbers { numbers: Vec<f64> }
///
/// async fn sum(input: Numbers) -> StepResult<f64> {
///     Ok(input.numbers.iter().sum())
/// }
/// flows::executor!("sum", sum);
///
/// assert!(flows::task_router::functions::find("sum").is_some());
/// ```
#[macro_export]
macro_rules! executor {
    ($name:literal, $function:path) => {
        $crate::__private::inventory::submit! {
            $crate::task_router::functions::Function::new($name, |input| {
                ::std::boxed::Box::pin($crate::task_router::functions::call($function, input))
            })
        }
    };
}

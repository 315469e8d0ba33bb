//! stub
use crate::{rounds::Effort, table::Row};
pub(crate) fn hello(_: &Effort) -> anyhow::Result<Row> { anyhow::bail!("later") }
pub(crate) fn validated_post(_: &Effort) -> anyhow::Result<Row> { anyhow::bail!("later") }
pub(crate) fn post_with_emit(_: &Effort) -> anyhow::Result<Row> { anyhow::bail!("later") }
pub(crate) fn thousand_routes(_: &Effort) -> anyhow::Result<Row> { anyhow::bail!("later") }

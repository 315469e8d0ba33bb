//! Stores around a store.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Batch, BoxFuture, Capabilities, Commit, DeadFilter, DeadLetter, Delivery, DeliveryId, Depth,
    Ended, EndedFilter, Entry, Failure, Listener, Page, PageRequest, Pull, PullLane, Pulled,
    QueueId, Slice, Sliced, Snapshot, Store, StoreError, WaitingFilter,
};

/// Makes the trait, and of whatever implements it a store, from the signatures of the port.
macro_rules! passed_on {
    (
        $(#[$about:meta])*
        pub trait Decorate;
        $(
            fn $name:ident $(<$life:lifetime>)? (
                & $($borrow:lifetime)? self $(, $argument:ident: $type:ty)* $(,)?
            ) $(-> $result:ty)?;
        )*
    ) => {
        $(#[$about])*
        pub trait Decorate: Send + Sync + 'static {
            /// The store within.
            fn inner(&self) -> &dyn Store;

            $(
                #[doc = concat!("[`Store::", stringify!($name), "`], passed on.")]
                fn $name $(<$life>)? (& $($borrow)? self $(, $argument: $type)*) $(-> $result)? {
                    self.inner().$name($($argument),*)
                }
            )*
        }

        impl<T: Decorate> Store for T {
            $(
                fn $name $(<$life>)? (& $($borrow)? self $(, $argument: $type)*) $(-> $result)? {
                    Decorate::$name(self $(, $argument)*)
                }
            )*
        }
    };
}

passed_on! {
    /// A store that passes on to another what it does not do itself: all methods of [`Store`], each passed
    /// on until it is written anew. Whatever implements this is a store.
    ///
    /// Import it where the decorator is made, and [`Store`] where it is used: with both at hand a call of
    /// one of the methods does not say which of the two is meant.
    ///
    /// # Example: a store that counts its commits
    /// ```
    /// use std::sync::{
    ///     Arc,
    ///     atomic::{AtomicU64, Ordering},
    /// };
    ///
    /// use motia_core::store::{Batch, Commit, Decorate, Store};
    ///
    /// struct Counted {
    ///     inner: Arc<dyn Store>,
    ///     commits: AtomicU64,
    /// }
    ///
    /// impl Decorate for Counted {
    ///     fn inner(&self) -> &dyn Store {
    ///         &*self.inner
    ///     }
    ///
    ///     fn commit(&self, batch: Batch) -> Commit {
    ///         self.commits.fetch_add(1, Ordering::Relaxed);
    ///         self.inner.commit(batch)
    ///     }
    /// }
    ///
    /// fn counted(inner: Arc<dyn Store>) -> Arc<dyn Store> {
    ///     Arc::new(Counted { inner, commits: AtomicU64::new(0) })
    /// }
    /// ```
    ///
    /// # Example: a store has to have another within
    /// ```compile_fail
    /// # use motia_core::store::{Batch, Commit, Decorate};
    /// struct Nothing;
    ///
    /// impl Decorate for Nothing {
    ///     fn commit(&self, batch: Batch) -> Commit {
    ///         unreachable!()
    ///     }
    /// }
    /// ```
    pub trait Decorate;

    fn name(&self) -> &'static str;
    fn capabilities(&self) -> Capabilities;
    fn epoch(&self) -> u64;
    fn recovered(&self) -> bool;
    fn queues<'a>(
        &'a self,
        steps: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<QueueId>, StoreError>>;
    fn listen(&self, listener: Arc<dyn Listener>);
    fn commit(&self, batch: Batch) -> Commit;
    fn get<'a>(
        &'a self,
        group: &'a str,
        key: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Entry>, StoreError>>;
    fn page<'a>(
        &'a self,
        group: &'a str,
        request: PageRequest,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Page<(String, Entry)>, StoreError>>;
    fn slice<'a>(
        &'a self,
        group: &'a str,
        slice: Slice,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Sliced<(String, Entry)>, StoreError>>;
    fn groups<'a>(
        &'a self,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<(String, u64)>, StoreError>>;
    fn snapshot<'a>(
        &'a self,
        group: &'a str,
        key: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Snapshot, StoreError>>;
    fn pull<'a>(&'a self, pull: Pull) -> BoxFuture<'a, Result<Pulled, StoreError>>;
    fn pull_lane<'a>(&'a self, pull: PullLane) -> BoxFuture<'a, Result<Vec<Delivery>, StoreError>>;
    fn depths<'a>(&'a self, now: Timestamp) -> BoxFuture<'a, Result<Vec<Depth>, StoreError>>;
    fn waiting<'a>(
        &'a self,
        filter: &'a WaitingFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<Delivery>, StoreError>>;
    fn ahead<'a>(&'a self, delivery: DeliveryId) -> BoxFuture<'a, Result<u64, StoreError>>;
    fn failures<'a>(
        &'a self,
        delivery: DeliveryId,
    ) -> BoxFuture<'a, Result<Vec<Failure>, StoreError>>;
    fn dead_letters<'a>(
        &'a self,
        filter: &'a DeadFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<DeadLetter>, StoreError>>;
    fn count_dead<'a>(&'a self, filter: &'a DeadFilter) -> BoxFuture<'a, Result<u64, StoreError>>;
    fn ended<'a>(
        &'a self,
        filter: &'a EndedFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<Ended>, StoreError>>;
    fn dead_letter<'a>(
        &'a self,
        delivery: DeliveryId,
    ) -> BoxFuture<'a, Result<Option<DeadLetter>, StoreError>>;
    fn close<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>>;
    fn figures(&self) -> Vec<(&'static str, f64)>;
}

//! The provider, on a thread of its own.

use std::{net::SocketAddr, ops::Deref, thread::JoinHandle};

use tokio::{net::TcpListener, sync::oneshot};

use crate::provider::Provider;

/// A provider that runs until it is dropped.
pub(crate) struct Upstream {
    provider: Provider,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let provider = Provider::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let (say, said) = std::sync::mpsc::channel();
        let serving = provider.clone();
        let thread = std::thread::spawn(move || {
            let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            tokio.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                say.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    served = serving.serve(listener, std::future::pending()) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { provider, address: said.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    /// What `OPENROUTER_BASE_URL` is set to.
    pub(crate) fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// How often it was asked with a prompt that contains this.
    pub(crate) fn asked_about(&self, text: &str) -> usize {
        self.calls().iter().filter(|call| call.prompt.contains(text)).count()
    }
}

impl Deref for Upstream {
    type Target = Provider;

    fn deref(&self) -> &Provider {
        &self.provider
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

//! What the requests of a connection find, and what its stream knows of them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use http::Response;
use hyper::body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::Service;

/// What a connection's stream and its requests tell each other.
#[derive(Debug, Default)]
pub(crate) struct Line {
    is_to_be_reset: AtomicBool,
    /// Requests whose answers are not yet made to their ends.
    in_hand: AtomicU32,
}

impl Line {
    /// The connection is to end with RST instead of FIN, and what was not yet sent is to be thrown away.
    pub(crate) fn reset(&self) {
        self.is_to_be_reset.store(true, Ordering::Release);
    }

    /// Whether it is.
    pub(crate) fn is_to_be_reset(&self) -> bool {
        self.is_to_be_reset.load(Ordering::Acquire)
    }

    /// Whether a request is being answered.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_hand.load(Ordering::Relaxed) > 0
    }
}

/// What a request finds on its connection. All requests of a connection count their references to it here, where no
/// other processor counts at the same time.
#[derive(Debug)]
pub(crate) struct Seat<S> {
    /// What all connections share.
    pub(crate) shared: Arc<S>,
    /// To the connection's stream.
    pub(crate) line: Arc<Line>,
}

/// A service made of a function, which is told on which connection a request came.
#[derive(Debug)]
pub(crate) struct PerConnection<F, S> {
    function: F,
    seat: Arc<Seat<S>>,
}

impl<F, S> PerConnection<F, S> {
    pub(crate) fn new(function: F, shared: Arc<S>) -> Self {
        Self::on(function, shared, Arc::default())
    }

    fn on(function: F, shared: Arc<S>, line: Arc<Line>) -> Self {
        Self {
            function,
            seat: Arc::new(Seat { shared, line }),
        }
    }

    /// The same on another connection.
    pub(crate) fn seated(self, line: Arc<Line>) -> Self {
        let shared = Arc::clone(&self.seat.shared);
        Self::on(self.function, shared, line)
    }
}

// Not derived: what is shared need not be `Clone`.
impl<F: Clone, S> Clone for PerConnection<F, S> {
    fn clone(&self) -> Self {
        Self {
            function: self.function.clone(),
            seat: Arc::clone(&self.seat),
        }
    }
}

impl<F, S, R, A, B, E> Service<R> for PerConnection<F, S>
where
    F: FnMut(Arc<Seat<S>>, R) -> A,
    A: Future<Output = Result<Response<B>, E>>,
{
    type Response = Response<Held<B>>;
    type Error = E;
    type Future = Answering<A>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Answering<A> {
        Answering {
            hold: Some(Hold::on(&self.seat.line)),
            answer: (self.function)(Arc::clone(&self.seat), request),
        }
    }
}

/// Says that a request is being answered, for as long as it is there.
#[derive(Debug)]
struct Hold(Arc<Line>);

impl Hold {
    fn on(line: &Arc<Line>) -> Self {
        line.in_hand.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(line))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.in_hand.fetch_sub(1, Ordering::Relaxed);
    }
}

pin_project! {
    /// The answer to a request, while it is made.
    #[derive(Debug)]
    pub(crate) struct Answering<A> {
        // Until the body has it.
        hold: Option<Hold>,
        #[pin]
        answer: A,
    }
}

impl<A, B, E> Future for Answering<A>
where
    A: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<Held<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.answer.poll(context));
        let hold = this.hold.take();
        Poll::Ready(answer.map(|response| response.map(|body| Held { hold, body })))
    }
}

pin_project! {
    /// A body whose request is in hand until all of it is made.
    #[derive(Debug)]
    pub(crate) struct Held<B> {
        hold: Option<Hold>,
        #[pin]
        body: B,
    }
}

impl<B: Body> Body for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! Several APIs at one address.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::{Api, Call, Description};
use crate::control_request::{ControlRequest, Outcome};
use crate::error::ApiError;
use crate::request::{Reply, Request};
use crate::rules::Rule;

/// Two of a kind: two APIs that one server has, or what is set of each. More than two are one beside several.
///
/// The first takes what it recognises, and the other all else. Log, numbers, faults, holds and the clock are common to both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside<A, B> {
    /// That which is asked first.
    pub first: A,
    /// The other.
    pub other: B,
}

/// A call of one of two APIs.
#[derive(Debug, Clone)]
pub enum Either<A, B> {
    /// Of the first.
    First(A),
    /// Of the other.
    Other(B),
}

impl<A: Call, B: Call> Call for Either<A, B> {
    fn describe(&self) -> Description {
        match self {
            Self::First(call) => call.describe(),
            Self::Other(call) => call.describe(),
        }
    }
}

impl<A: Api, B: Api> Api for Beside<A, B> {
    type Call = Either<A::Call, B::Call>;
    type Settings = Beside<A::Settings, B::Settings>;

    fn new(settings: Self::Settings) -> Self {
        Self { first: A::new(settings.first), other: B::new(settings.other) }
    }

    fn settings(&self) -> Self::Settings {
        Beside { first: self.first.settings(), other: self.other.settings() }
    }

    fn set_settings(&mut self, settings: Self::Settings) {
        self.first.set_settings(settings.first);
        self.other.set_settings(settings.other);
    }

    fn latency(&self, call: &Self::Call) -> Duration {
        match call {
            Either::First(call) => self.first.latency(call),
            Either::Other(call) => self.other.latency(call),
        }
    }

    fn rules() -> Vec<Rule> {
        [A::rules(), B::rules()].concat()
    }

    fn recognises(&self, request: &Request) -> bool {
        self.first.recognises(request) || self.other.recognises(request)
    }

    fn read(&mut self, request: &Request) -> Result<Self::Call, Reply> {
        if self.first.recognises(request) {
            self.first.read(request).map(Either::First)
        } else {
            self.other.read(request).map(Either::Other)
        }
    }

    fn handle(&mut self, call: &Self::Call, now: Timestamp) -> Reply {
        match call {
            Either::First(call) => self.first.handle(call, now),
            Either::Other(call) => self.other.handle(call, now),
        }
    }

    fn refuse(&mut self, call: &Self::Call, error: ApiError) -> Reply {
        match call {
            Either::First(call) => self.first.refuse(call, error),
            Either::Other(call) => self.other.refuse(call, error),
        }
    }

    fn control(&mut self, request: &ControlRequest<'_>, now: Timestamp) -> Option<Outcome> {
        self.first.control(request, now).or_else(|| self.other.control(request, now))
    }
}

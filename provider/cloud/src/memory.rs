//! Clouds in memory, one of each shape, and the seam on each of them: what a back end looks like before there is an SDK in it.
//!
//! | Shape | As | What is found again by | What makes a create safe | Its danger |
//! | --- | --- | --- | --- | --- |
//! | [`tags`] | AWS | tags | a client token; for addresses, a look before and after | a token that replays what is gone |
//! | [`names`] | Azure | tags; the name locks the create | a name that follows from the identity | whole objects are written, while others change them |
//! | [`router`] | Google Cloud | labels; a NAT by its name alone | the same | a list that several resources have parts of, without a lock |
//! | [`entries`] | Alibaba Cloud | tags | a client token | nearly every state refuses every change |
//!
//! Each shape is two halves. `api` is the cloud: state behind a mutex, with the rules of that cloud, which it states with their source; it
//! knows nothing of the seam. The other files are the back end: what a process does that has nothing but those calls.
//!
//! A [`Process`] is one run of the provider. Several can have one cloud, and each call lets the others go first for a random while, so
//! that they meet at every call in every order. Time is tokio's: a test that pauses it waits for nothing.

pub mod entries;
pub mod names;
pub mod router;
pub mod tags;

mod process;
mod served;

pub use process::{Codes, Process};

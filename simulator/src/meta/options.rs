//! What the simulated Meta plays, and how strictly.

use std::net::SocketAddr;

use super::fault::FaultPlan;
use super::template::Template;
use crate::clock::UnixClock;
use crate::customer::Customer;
use crate::number::BusinessNumber;
use crate::sender::SenderConfig;
use crate::span::{HOUR, MINUTE, SECOND};

/// What the simulated Meta plays.
#[derive(Clone)]
pub struct MetaOptions {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// The tokens it takes at first; none is every token.
    pub access_tokens: Vec<String>,
    /// The app that the tokens belong to.
    pub app: App,
    /// The numbers there are. Their accounts belong to one portfolio.
    pub numbers: Vec<BusinessNumber>,
    /// The templates there are at first.
    pub templates: Vec<Template>,
    /// Customers there are besides the cast.
    pub customers: Vec<Customer>,
    /// How many made-up customers there are.
    pub cast: u64,
    /// Where webhooks go; without one they are only remembered.
    pub callback: Option<SenderConfig>,
    /// What is enforced.
    pub rules: Rules,
    /// How much is allowed.
    pub limits: Limits,
    /// What customers do.
    pub manners: Manners,
    /// What becomes of new templates.
    pub review: ReviewPlan,
    /// What goes wrong on purpose.
    pub faults: FaultPlan,
    /// How many of the last messages, receipts and webhooks it can show.
    pub remembered: usize,
    /// Decides customers, ids, replies and faults.
    pub seed: u64,
    /// What time it is.
    pub clock: UnixClock,
}

impl MetaOptions {
    /// Those numbers, every token, forty customers who answer, and webhooks that nobody gets.
    pub fn new(address: SocketAddr, numbers: Vec<BusinessNumber>) -> Self {
        Self {
            address,
            access_tokens: Vec::new(),
            app: App::default(),
            numbers,
            templates: Vec::new(),
            customers: Vec::new(),
            cast: 40,
            callback: None,
            rules: Rules::default(),
            limits: Limits::default(),
            manners: Manners::default(),
            review: ReviewPlan::default(),
            faults: FaultPlan::default(),
            remembered: 10_000,
            seed: 1,
            clock: UnixClock::paced_from_now(1),
        }
    }

    /// The same, but every template exists, no window is looked at, and customers neither answer nor write: for
    /// tests of a client that need nothing else of Meta.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.rules = Rules { windows: Windows::Ignored, templates: Templates::Any, ..self.rules };
        self.manners = Manners { reply_percent: 0, block_permille: 0, per_minute: 0, ..self.manners };
        self
    }
}

/// The app a business sends through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl Default for App {
    fn default() -> Self {
        Self { id: "670843887433847".to_owned(), name: "Simulated app".to_owned() }
    }
}

/// Whether the windows are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Windows {
    /// Outside of them only templates reach a customer.
    Enforced,
    /// Everything reaches everybody.
    Ignored,
}

/// Which templates may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Templates {
    /// Those that exist and are approved.
    Known,
    /// Every name, with whatever values.
    Any,
}

/// How the business hears that a message cannot reach its customer (131047, 131026 and the like).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failures {
    /// As Meta mostly does: the message is taken, and a `failed` status follows.
    ByStatus,
    /// The request itself is refused.
    AtOnce,
}

/// What is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The windows.
    pub windows: Windows,
    /// The templates.
    pub templates: Templates,
    /// Where failures show.
    pub failures: Failures,
}

impl Default for Rules {
    fn default() -> Self {
        Self { windows: Windows::Enforced, templates: Templates::Known, failures: Failures::ByStatus }
    }
}

/// How much is allowed; each is counted to the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages a second from a number.
    pub throughput: u32,
    /// One message to a customer in so many milliseconds ...
    pub pair_every: u64,
    /// ... of which so many may go at once.
    pub pair_burst: u32,
    /// Requests an hour that manage an account.
    pub management: u32,
    /// Customers a rolling day that the portfolio may open with; none is without limit.
    pub portfolio: Option<u32>,
    /// Templates an hour that may be made in an account.
    pub template_creations: u32,
    /// Templates an account may have.
    pub templates: usize,
    /// Messages a month outside templates that cost nothing, for each number.
    pub free_service_messages: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            throughput: 80,
            pair_every: 6 * SECOND,
            pair_burst: 45,
            management: 200,
            portfolio: Some(250),
            template_creations: 100,
            templates: 250,
            free_service_messages: 1000,
        }
    }
}

impl Limits {
    /// As good as none: for tests of something else.
    pub fn wide() -> Self {
        Self {
            throughput: 1000,
            pair_every: 0,
            pair_burst: u32::MAX,
            management: 5000,
            portfolio: None,
            ..Self::default()
        }
    }
}

/// A span of milliseconds that something takes: at least, at most.
pub type Between = (u64, u64);

/// What customers do, and how long it takes in simulated time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// From taking a message to `sent`.
    pub sent: Between,
    /// From `sent` to `delivered`.
    pub delivered: Between,
    /// From `delivered` to `read`.
    pub read: Between,
    /// From `read` to what the customer answers.
    pub reply: Between,
    /// How many of a hundred messages are read.
    pub read_percent: u8,
    /// How many of a hundred messages read are so at once, without a `delivered` before.
    pub at_once_percent: u8,
    /// How many of a hundred messages read are answered.
    pub reply_percent: u8,
    /// How many of a thousand marketing messages read end in a block; as many again in no more marketing.
    pub block_permille: u16,
    /// How many messages a minute customers write of their own accord, all together.
    pub per_minute: u32,
    /// How long a customer waits for an answer before writing of something else.
    pub patience: u64,
    /// How many of a hundred templates are held back to see how customers like them.
    pub held_percent: u8,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            sent: (100, 400),
            delivered: (300, 1500),
            read: (SECOND, 20 * SECOND),
            reply: (3 * SECOND, 40 * SECOND),
            read_percent: 90,
            at_once_percent: 5,
            reply_percent: 60,
            block_permille: 5,
            per_minute: 0,
            patience: 4 * HOUR,
            held_percent: 0,
        }
    }
}

/// What becomes of new and edited templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewPlan {
    /// How long a review takes.
    pub takes: Between,
    /// How many of a hundred are rejected without their name asking for it.
    pub reject_percent: u8,
    /// How long the first pause lasts; the second twice as long.
    pub pause: u64,
}

impl Default for ReviewPlan {
    fn default() -> Self {
        Self { takes: (MINUTE, 10 * MINUTE), reject_percent: 0, pause: 3 * HOUR }
    }
}

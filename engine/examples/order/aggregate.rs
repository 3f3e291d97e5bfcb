//! An order: Draft → Submitted → Validated → Fulfilled, or Cancelled before that.
//!
//! Its rules are `decide` and `apply`, its wire form is `encode` and `decode`; it knows no store, no clock and no
//! waiting. Payloads are maps, so a later schema can add fields; older schemas are read as what they mean today.

use cidgraph::dag_cbor::{CodecError, Decoder, Encoder};
use cidgraph::{DecodeError, EventPayload, Name, StateMachineAggregate};

/// An order and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Nothing has happened.
    Draft,
    /// The customer wants it.
    Submitted {
        /// What was ordered.
        items: Vec<Item>,
    },
    /// It is paid.
    Validated {
        /// What was ordered.
        items: Vec<Item>,
        /// The payment.
        payment: Name,
    },
    /// It is on its way.
    Fulfilled {
        /// The parcel.
        tracking: Name,
    },
    /// It will not be.
    Cancelled {
        /// Why.
        reason: Name,
    },
}

/// So many of one article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The article.
    pub article: Name,
    /// How many, at least 1.
    pub quantity: u64,
}

/// What an order can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrderCommand {
    /// Order these items.
    Submit {
        /// The items.
        items: Vec<Item>,
    },
    /// Take note of a payment.
    ValidatePayment {
        /// The payment.
        payment: Name,
    },
    /// Send it.
    Fulfil {
        /// The parcel.
        tracking: Name,
    },
    /// Give it up.
    Cancel {
        /// Why.
        reason: Name,
    },
}

/// What can happen to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrderEvent {
    /// The customer ordered.
    Submitted {
        /// The items.
        items: Vec<Item>,
    },
    /// The payment was found good.
    PaymentValidated {
        /// The payment.
        payment: Name,
    },
    /// It was sent.
    Fulfilled {
        /// The parcel.
        tracking: Name,
    },
    /// It was given up.
    Cancelled {
        /// Why.
        reason: Name,
    },
}

/// Why an order refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderRejected {
    /// The order is past that, or not there yet.
    #[error("an order that is {state} cannot be asked to {command}")]
    InvalidTransition {
        /// Where the order stands.
        state: &'static str,
        /// What was asked.
        command: &'static str,
    },
    /// Nothing was ordered.
    #[error("the order has no items")]
    NoItems,
    /// None of an article was ordered.
    #[error("article {article} is ordered zero times")]
    ZeroQuantity {
        /// The article.
        article: Name,
    },
}

impl StateMachineAggregate for Order {
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Rejection = OrderRejected;

    fn initial() -> Self {
        Self::Draft
    }

    fn decide(&self, command: &OrderCommand) -> Result<Vec<OrderEvent>, OrderRejected> {
        let event = match (self, command) {
            (Self::Draft, OrderCommand::Submit { items }) => submit(items)?,
            (Self::Submitted { .. }, OrderCommand::ValidatePayment { payment }) => {
                OrderEvent::PaymentValidated { payment: payment.clone() }
            }
            (Self::Validated { .. }, OrderCommand::Fulfil { tracking }) => {
                OrderEvent::Fulfilled { tracking: tracking.clone() }
            }
            (Self::Draft | Self::Submitted { .. } | Self::Validated { .. }, OrderCommand::Cancel { reason }) => {
                OrderEvent::Cancelled { reason: reason.clone() }
            }
            (state, command) => {
                return Err(OrderRejected::InvalidTransition { state: state.name(), command: command.name() });
            }
        };
        Ok(vec![event])
    }

    fn apply(&mut self, event: &OrderEvent) {
        *self = match event {
            OrderEvent::Submitted { items } => Self::Submitted { items: items.clone() },
            OrderEvent::PaymentValidated { payment } => {
                Self::Validated { items: self.items().to_vec(), payment: payment.clone() }
            }
            OrderEvent::Fulfilled { tracking } => Self::Fulfilled { tracking: tracking.clone() },
            OrderEvent::Cancelled { reason } => Self::Cancelled { reason: reason.clone() },
        };
    }
}

fn submit(items: &[Item]) -> Result<OrderEvent, OrderRejected> {
    if items.is_empty() {
        return Err(OrderRejected::NoItems);
    }
    if let Some(item) = items.iter().find(|item| item.quantity == 0) {
        return Err(OrderRejected::ZeroQuantity { article: item.article.clone() });
    }
    Ok(OrderEvent::Submitted { items: items.to_vec() })
}

impl Order {
    fn items(&self) -> &[Item] {
        match self {
            Self::Submitted { items } | Self::Validated { items, .. } => items,
            Self::Draft | Self::Fulfilled { .. } | Self::Cancelled { .. } => &[],
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Draft => "a draft",
            Self::Submitted { .. } => "submitted",
            Self::Validated { .. } => "validated",
            Self::Fulfilled { .. } => "fulfilled",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

impl OrderCommand {
    const fn name(&self) -> &'static str {
        match self {
            Self::Submit { .. } => "submit",
            Self::ValidatePayment { .. } => "validate a payment",
            Self::Fulfil { .. } => "fulfil",
            Self::Cancel { .. } => "cancel",
        }
    }
}

const SUBMITTED: &str = "OrderSubmitted";
const PAYMENT_VALIDATED: &str = "OrderPaymentValidated";
/// An older name of `OrderPaymentValidated`, read but never written.
const PAID_ALIAS: &str = "OrderPaid";
const FULFILLED: &str = "OrderFulfilled";
const CANCELLED: &str = "OrderCancelled";

impl EventPayload for OrderEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::Submitted { .. } => SUBMITTED,
            Self::PaymentValidated { .. } => PAYMENT_VALIDATED,
            Self::Fulfilled { .. } => FULFILLED,
            Self::Cancelled { .. } => CANCELLED,
        }
    }

    /// `OrderSubmitted` is at schema 2: schema 1 listed articles without quantities.
    fn schema(&self) -> u32 {
        match self {
            Self::Submitted { .. } => 2,
            Self::PaymentValidated { .. } | Self::Fulfilled { .. } | Self::Cancelled { .. } => 1,
        }
    }

    fn encode(&self, out: &mut Encoder<'_>) {
        out.map(1);
        match self {
            Self::Submitted { items } => encode_items(items, out),
            Self::PaymentValidated { payment } => encode_text("payment", payment, out),
            Self::Fulfilled { tracking } => encode_text("tracking", tracking, out),
            Self::Cancelled { reason } => encode_text("reason", reason, out),
        }
    }

    fn decode(
        event_type: &str,
        schema: u32,
        payload: &mut Decoder<'_>,
        events: &mut Vec<Self>,
    ) -> Result<(), DecodeError> {
        events.push(match (event_type, schema) {
            (SUBMITTED, 1) => Self::Submitted { items: decode_articles(payload)? },
            (SUBMITTED, 2) => Self::Submitted { items: decode_items(payload)? },
            (PAYMENT_VALIDATED | PAID_ALIAS, 1) => Self::PaymentValidated { payment: decode_text("payment", payload)? },
            (FULFILLED, 1) => Self::Fulfilled { tracking: decode_text("tracking", payload)? },
            (CANCELLED, 1) => Self::Cancelled { reason: decode_text("reason", payload)? },
            (SUBMITTED | PAYMENT_VALIDATED | PAID_ALIAS | FULFILLED | CANCELLED, schema) => {
                return Err(DecodeError::UnknownSchema { event_type: event_type.into(), schema });
            }
            (event_type, _) => return Err(DecodeError::UnknownEventType { event_type: event_type.into() }),
        });
        Ok(())
    }
}

fn encode_text(key: &str, text: &str, out: &mut Encoder<'_>) {
    out.text(key);
    out.text(text);
}

fn decode_text(key: &'static str, payload: &mut Decoder<'_>) -> Result<Name, CodecError> {
    payload.map_of(1, "a map of one field")?;
    payload.key(key)?;
    Ok(payload.text()?.into())
}

fn encode_items(items: &[Item], out: &mut Encoder<'_>) {
    out.text("items");
    out.list(items.len());
    for item in items {
        out.list(2);
        out.text(&item.article);
        out.uint(item.quantity);
    }
}

fn decode_items(payload: &mut Decoder<'_>) -> Result<Vec<Item>, CodecError> {
    payload.map_of(1, "a map of one field")?;
    payload.key("items")?;
    let mut items = Vec::new();
    for _ in 0..payload.list()? {
        payload.list_of(2, "an article and its quantity")?;
        items.push(Item { article: payload.text()?.into(), quantity: payload.uint()? });
    }
    Ok(items)
}

/// Reads schema 1 of `OrderSubmitted`: articles, one of each.
fn decode_articles(payload: &mut Decoder<'_>) -> Result<Vec<Item>, CodecError> {
    let mut items = Vec::new();
    for _ in 0..payload.list()? {
        items.push(Item { article: payload.text()?.into(), quantity: 1 });
    }
    Ok(items)
}

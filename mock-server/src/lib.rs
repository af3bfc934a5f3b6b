//! A stateful mock server driven by an smsload contract.

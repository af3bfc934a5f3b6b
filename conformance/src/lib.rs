//! Judges any implementation of an smsload contract.

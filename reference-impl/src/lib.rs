//! An independent implementation of the recording-download API.

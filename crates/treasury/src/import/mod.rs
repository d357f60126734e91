//! Files of candidates and recipients that people upload (Treasury contract, section 10.2).

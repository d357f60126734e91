//! The job loop: claims due jobs and hands each to the handler of its kind.

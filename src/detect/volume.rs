//! Volume: traffic that fell away, judged against the same time of earlier days.

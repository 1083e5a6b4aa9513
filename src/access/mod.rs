//! Who calls: what a caller shows is turned into who that is and what it may do,
//! or refused. Nothing here knows how it was shown.

pub mod jwt;

//! Payees and what an organisation sets about payments: recipients, institutions, blocklist, settings, approval rules.

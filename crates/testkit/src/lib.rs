//! Fake clock, two-peer simulator, seeded lossy link and fixtures for tests.

"""What the SDK tests share: programs under test, identities, and independent judges of the wire."""

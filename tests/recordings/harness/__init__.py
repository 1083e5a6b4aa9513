"""What the checks stand on: the recordings, botocore's view of them, the gateway's view, and the comparison."""

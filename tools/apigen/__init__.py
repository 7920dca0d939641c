"""Generator of code and pages from the contract, api/openapi.yaml."""

"""The disposable process that touches untrusted bytes, and a pool of it for the API."""

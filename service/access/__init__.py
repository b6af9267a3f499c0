"""Principals: the tokens that prove them, and how a request presents one."""

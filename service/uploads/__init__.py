"""Tables that come with a query: UPLOAD of TAP and DALI."""

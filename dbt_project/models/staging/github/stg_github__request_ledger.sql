{{ renamed_request_ledger(source('raw_github', 'request_ledger')) }}

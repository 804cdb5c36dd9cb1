{{ renamed_request_ledger(source('raw_gitlab', 'request_ledger')) }}

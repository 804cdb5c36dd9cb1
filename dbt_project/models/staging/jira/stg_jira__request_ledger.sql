{{ renamed_request_ledger(source('raw_jira', 'request_ledger')) }}

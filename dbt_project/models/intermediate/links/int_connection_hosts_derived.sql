-- Where people see what an API serves: api.github.com is github.com, https://HOST/api/v3 is HOST.
-- What is reached through this machine (a tunnel, a demo) has another name for people: null.
with addresses as (

    select
        connection,
        source,
        regexp_replace(
            regexp_replace(lower(url), '^[a-z]+://([^/@]*@)?', ''), '(/api/v[0-9]+)?/*$', ''
        ) as address
    from {{ ref('stg_settings__connections') }}

)

select
    connection,
    source,
    case
        when split_part(address, '/', 1) !~ '^(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?$'
            then
                regexp_replace(
                    split_part(address, '/', 1), '^api\.(github\.com|.+\.ghe\.com)$', '\1'
                )
    end as host,
    -- an installation may live below a path
    ltrim(substr(address, length(split_part(address, '/', 1)) + 1) || '/', '/') as path_prefix
from addresses

-- Where people see what an API serves: api.github.com is github.com, https://HOST/api/v3 is HOST.
-- What is reached through this machine (a tunnel, a demo) has another name for people: null.
with addresses as (

    select
        connection,
        source,
        coalesce(substring(lower(url) from '^[a-z]+://'), 'https://') as scheme,
        regexp_replace(
            regexp_replace(lower(url), '^[a-z]+://([^/@]*@)?', ''), '(/api/v[0-9]+)?/*$', ''
        ) as address
    from {{ ref('stg_settings__connections') }}

),

places as (

    select
        connection,
        source,
        scheme,
        regexp_replace(
            split_part(address, '/', 1), '^api\.(github\.com|.+\.ghe\.com)$', '\1'
        ) as host,
        -- an installation may live below a path
        ltrim(substr(address, length(split_part(address, '/', 1)) + 1) || '/', '/') as path_prefix
    from addresses

)

select
    connection,
    source,
    case when host !~ '^(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?$' then host end as host,
    path_prefix,
    -- through a tunnel its pages can be opened on this machine at least
    scheme || host || '/' || path_prefix as web_url
from places

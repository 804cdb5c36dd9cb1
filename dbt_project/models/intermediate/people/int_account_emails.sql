{{ config(
    materialized='table',
    indexes=[{'columns': ['email']}, {'columns': ['account_id']}],
    post_hook='analyze {{ this }}',
) }}

with accounts as (

    select * from {{ ref('int_accounts_collected') }}

),

signatures as (

    select * from {{ ref('int_commit_signatures_grouped') }}
    where email is not null

),

-- Where a connection's noreply addresses end. An address of the API that is neither the service's
-- nor an Enterprise's (a proxy, a demo) stands for the public service, if the login agrees.
hosts as (

    select
        connection,
        source,
        case
            when source = 'github' and lower(url) like '%/api/v3%' then 'users.noreply.' || host
            when source = 'github' and host ~ '^api\..+\.ghe\.com$'
                then 'users.noreply.' || substring(host from 5)
            when source = 'github' then 'users.noreply.github.com'
            when host ~ '^([0-9.]+|localhost)$' then 'users.noreply.gitlab.com'
            else 'users.noreply.' || host
        end as noreply_host,
        host in ('api.github.com', 'gitlab.com')
        or lower(url) like '%/api/v3%'
        or host ~ '\.ghe\.com$'
        or source = 'gitlab' and host !~ '^([0-9.]+|localhost)$' as is_certain
    from (
        select
            connection,
            source,
            url,
            lower(substring(url from '^https?://([^/:?#]+)')) as host
        from {{ ref('stg_settings__connections') }}
        where source in ('github', 'gitlab')
    ) as connections

),

profiles as (

    select
        account_id,
        connection,
        lower(trim(public_email)) as email
    from {{ ref('stg_github__users') }}
    union
    select
        users.account_id,
        users.connection,
        lower(trim(shown.email))
    from {{ ref('stg_gitlab__users') }} as users
    cross join unnest(array[users.public_email, users.commit_email]) as shown (email)
    union
    select
        account_id,
        connection,
        lower(trim(email))
    from {{ ref('stg_jira__users') }}

),

noreply as (

    select
        known.email,
        split_part(known.email, '@', 2) as host,
        substring(known.email from '^(?:[0-9]+\+)?([^@+]+)@') as github_login,
        substring(known.email from '^[0-9]+-([^@]+)@') as gitlab_login,
        substring(known.email from '^([0-9]{1,15})(?:[+-][^@]+)?@')::bigint as any_number
    from (
        select email from signatures
        union
        select email from profiles
    ) as known
    where known.email like '%@users.noreply.%'

),

noreply_of_connections as (

    select
        noreply.email,
        noreply.github_login,
        noreply.gitlab_login,
        hosts.connection,
        hosts.source,
        hosts.is_certain,
        case
            when hosts.source = 'gitlab' or noreply.email ~ '^[0-9]+\+' then noreply.any_number
        end as number
    from noreply
    inner join hosts on noreply.host = hosts.noreply_host

),

-- The number stays when the login changes hands.
noreply_by_number as (

    select
        accounts.account_id,
        accounts.connection,
        noreply.email
    from noreply_of_connections as noreply
    inner join accounts
        on noreply.connection = accounts.connection and noreply.number = accounts.user_number
    where
        noreply.is_certain
        or coalesce(
            replace(lower(accounts.login), '[bot]', '')
            = case
                when noreply.source = 'gitlab' then noreply.gitlab_login
                else replace(noreply.github_login, '[bot]', '')
            end,
            false
        )

),

-- GitHub's older form has no number.
noreply_by_login as (

    select
        accounts.account_id,
        accounts.connection,
        noreply.email
    from noreply_of_connections as noreply
    inner join accounts
        on
            noreply.connection = accounts.connection
            and noreply.github_login = lower(accounts.login)
    where noreply.source = 'github' and noreply.number is null

),

told as (

    select
        account_id,
        connection,
        email,
        'noreply' as told_by,
        0.98 as confidence
    from noreply_by_number

    union all
    select
        account_id,
        connection,
        email,
        'noreply',
        0.9
    from noreply_by_login

    union all
    select
        account_id,
        connection,
        email,
        'profile',
        0.95
    from profiles
    where email like '%_@_%'

    union all
    select
        account_id,
        connection,
        email,
        'commit',
        0.95
    from signatures
    where account_id is not null

),

owned as (

    select distinct on (told.account_id, told.email)
        told.account_id,
        told.connection,
        told.email,
        told.told_by,
        told.confidence
    from told
    -- the number in a noreply address settles whose it is
    left join noreply_by_number as settled
        on told.connection = settled.connection and told.email = settled.email
    where settled.account_id is null or settled.account_id = told.account_id
    order by told.account_id, told.email, told.confidence desc, told.told_by

),

owners as (

    select
        connection,
        email,
        count(*) as account_count
    from owned
    group by connection, email

),

ambiguous as (

    select distinct email from owners
    where account_count > 1

),

-- Commits whose author nobody names but the address.
unclaimed as (

    select distinct
        signatures.connection,
        signatures.email
    from signatures
    left join owners
        on signatures.connection = owners.connection and signatures.email = owners.email
    where
        signatures.account_id is null
        and owners.account_count is distinct from 1
        and split_part(signatures.email, '@', 1) not in (
            'noreply', 'no-reply', 'none', 'nobody', 'root', 'unknown', 'null'
        )

),

-- An address that nobody claims and that people of different names sign with is a shared one.
full_names as (

    select distinct
        email,
        string_to_array({{ name_key('name') }}, ' ') as words
    from signatures
    where
        name like '%_ _%'
        and email in (
            select unclaimed.email from unclaimed
            except
            select owned.email from owned
        )

),

signed_by_several as (

    select distinct ones.email
    from full_names as ones
    inner join full_names as others
        on ones.email = others.email and not ones.words && others.words

),

addresses as (

    select
        account_id,
        connection,
        email,
        told_by,
        confidence
    from owned

    union all
    select
        connection || ':git:' || md5(email),
        connection,
        email,
        'git',
        0.95
    from unclaimed

)

select
    addresses.account_id,
    addresses.connection,
    addresses.email,
    addresses.told_by,
    addresses.confidence::double precision as confidence,
    case
        when {{ is_nobodys_email('addresses.email') }} then 'generic'
        when ambiguous.email is not null then 'several_accounts'
        when signed_by_several.email is not null then 'several_names'
    end as doubt
from addresses
left join ambiguous on addresses.email = ambiguous.email
left join signed_by_several on addresses.email = signed_by_several.email

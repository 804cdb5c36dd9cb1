with organization as (

    select
        pseudonymize,
        pseudonym_salt
    from {{ ref('stg_settings__organization') }}

),

accounts as (

    select
        developers.developer_id,
        accounts.*,
        {{ account_rank('accounts.source', 'accounts.is_git') }} as preference
    from {{ ref('int_developers_matched') }} as developers
    inner join {{ ref('int_accounts_unioned') }} as accounts
        on developers.account_id = accounts.account_id

),

developers as (

    select
        developer_id,
        (
            array_agg(
                coalesce(
                    case when name_key is not null or lower(name) = lower(login) then name end,
                    login,
                    name
                )
                order by
                    name_key like '% %' desc nulls last,
                    name_key is not null desc,
                    login is not null desc,
                    preference,
                    connection,
                    account_id
            )
        )[1] as name,
        bool_or(is_bot) as is_bot,
        -- who may log in somewhere, or nowhere where that is told
        coalesce(bool_or(is_active), true) as is_active
    from accounts
    group by developer_id

)

select
    developers.developer_id,
    case
        when organization.pseudonymize and not developers.is_bot
            then
                {{ pseudonym(
                    'developer', 'developers.developer_id', 'organization.pseudonym_salt'
                ) }}
        else developers.name
    end as name,
    developers.is_bot,
    developers.is_active
from developers
left join organization on true

{#- What tells people apart and together; docs/decisions/0014 argues for the rules. -#}

{#- A display name without the e-mail addresses that some people write into it. -#}
{% macro without_email(name) -%}
    coalesce(
        nullif(trim(regexp_replace({{ name }}, '[<(]*[^\s<>()@]+@[^\s<>()@]+[>)]*', '', 'g')), ''),
        nullif(trim(both '<( ' from split_part({{ name }}, '@', 1)), '')
    )
{%- endmacro %}

{#- The words of a name in alphabetical order: no case, no accents, nothing in brackets. -#}
{% macro name_key(name) -%}
    (
        select string_agg(words.word, ' ' order by words.word collate "C")
        from regexp_split_to_table(
            translate(
                regexp_replace(
                    normalize(
                        lower(regexp_replace({{ name }}, '[(\[{][^)\]}]*[)\]}]', ' ', 'g')), nfd
                    ),
                    '[\u0300-\u036f]', '', 'g'
                ),
                'łøđðıæœþß', 'loddiaots'
            ),
            '[\s,.;:_"''’`´/|+*#~<>()-]+'
        ) as words (word)
        where words.word != ''
    )
{%- endmacro %}

{#- Names that say nothing of who it is: accounts that are gone, placeholders, machines. -#}
{% macro is_nobodys_name(key) -%}
    (
        {{ key }} ~ '^(former|deleted|unknown|ghost|anonymous|inactive|removed) user'
        or {{ key }} ~ '(^| )(bot|robot)( |$)'
        or {{ key }} in (
            'former user', 'deleted user', 'unknown user', 'ghost user', 'anonymous user',
            'inactive user', 'removed user', 'default user', 'root user', 'system user',
            'test user', 'name your', 'first last', 'administrator system',
            'admin system', 'account service', 'author unknown', 'actions github',
            'action github', 'ci gitlab', 'github', 'ci jenkins', 'build server', 'agent build',
            'ci user', 'ci server', 'administrator', 'admin', 'root', 'unknown', 'user', 'jenkins',
            'ubuntu', 'runner', 'developer', 'you', 'none', 'null', 'ci'
        )
    )
{%- endmacro %}

{#- Logins that many people use for one account or one person uses everywhere by chance. -#}
{% macro is_nobodys_login(login) -%}
    (
        length({{ login }}) < 4
        or {{ login }} in (
            'admin', 'administrator', 'root', 'test', 'tester', 'testing', 'user', 'users', 'demo',
            'guest', 'developer', 'developers', 'devops', 'support', 'info', 'team', 'build',
            'builder', 'deploy', 'deployer', 'deployment', 'release', 'releases', 'jenkins',
            'gitlab', 'github', 'ghost', 'service', 'system', 'security', 'operations', 'robot',
            'automation', 'runner', 'ubuntu', 'nobody', 'none', 'null', 'unknown', 'anonymous',
            'webmaster', 'postmaster', 'office', 'contact', 'sales', 'marketing', 'design',
            'engineering', 'platform', 'infra', 'infrastructure', 'backend', 'frontend'
        )
    )
{%- endmacro %}

{#- Addresses that belong to a role, a machine or nobody: no evidence of who it is. -#}
{% macro is_nobodys_email(email) -%}
    (
        split_part({{ email }}, '@', 1) in (
            'noreply', 'no-reply', 'no_reply', 'donotreply', 'do-not-reply', 'none', 'nobody',
            'root', 'admin', 'administrator', 'info', 'support', 'git', 'github', 'gitlab', 'test',
            'user', 'you', 'your', 'youremail', 'your_email', 'your.email', 'email', 'mail',
            'build', 'builds', 'ci', 'jenkins', 'dev', 'devs', 'developer', 'developers', 'devops',
            'team', 'action', 'actions', 'github-actions', 'gitlab-ci', 'bot', 'unknown', 'null',
            'ubuntu', 'ec2-user', 'vagrant', 'postmaster', 'webmaster', 'hostmaster', 'security'
        )
        or split_part({{ email }}, '@', 2) !~ '\.[a-z0-9-]*[a-z][a-z0-9-]*$'
        or split_part({{ email }}, '@', 2) ~ '\.(local|localdomain|localhost|lan|internal|home|invalid|none)$'
    )
{%- endmacro %}

{#- Domains whose addresses anybody makes: two of them say nothing of one company. -#}
{% macro is_public_mail(domain) -%}
    (
        {{ domain }} in (
            'gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com', 'msn.com',
            'icloud.com', 'me.com', 'mac.com', 'aol.com', 'proton.me', 'protonmail.com', 'pm.me',
            'web.de', 't-online.de', 'posteo.de', 'mailbox.org', 'fastmail.com', 'zoho.com',
            'qq.com', '163.com', '126.com', 'sina.com', 'foxmail.com', 'naver.com', 'mail.ru',
            'ya.ru', 'free.fr', 'orange.fr'
        )
        or {{ domain }} ~ '^(yahoo|gmx|yandex|hotmail|outlook|live)\.'
        or {{ domain }} ~ '(^|\.)noreply\.'
    )
{%- endmacro %}

{#-
The connected components of a graph, one row per node: component, node, position in it from 1.

Starts only from nodes that have no smaller neighbour (every component has one), and `union` drops
what was reached before: ends on any graph, and costs the nodes of a component times such starts in
it. In models of their own, since what follows needs their statistics: without, the planner takes a
recursive query for a few rows and joins it row by row.
-#}
{% macro components_of(links) -%}
    with recursive steps as (

        select
            one_id as node,
            other_id as neighbour
        from {{ links }}
        union
        select
            other_id,
            one_id
        from {{ links }}

    ),

    reached as (

        select
            node as start,
            node
        from steps
        group by node
        having min(neighbour) >= node
        union
        select
            reached.start,
            steps.neighbour
        from reached
        inner join steps on reached.node = steps.node

    )

    select
        min(start) as component,
        node,
        (row_number() over (partition by min(start) order by node))::integer as position
    from reached
    group by node
{%- endmacro %}

{#-
Joins nodes by links, the surest first, and never two sides that contradict each other: CTE
`joined` (one_id, other_id, group_id), one row per link that joined, a forest.

Needs CTEs `members` (see components_of), `links` with one_id, other_id, confidence (one row per
pair), and `contradictions` with one_id, other_id, highest_confidence: links up to that confidence
may not bring the two together, not even by way of others. Of links of equal confidence that lead a
node to two contradicting sides none holds: nobody can tell which is right.
One step of the recursion looks at one link of every component; what a component needs (a handful
of nodes) travels along in arrays.
-#}
{% macro joined_by_links() -%}
    numbered_links as (

        select
            ones.component,
            links.one_id,
            links.other_id,
            links.confidence,
            ones.position as one,
            others.position as other,
            (
                row_number() over (
                    partition by ones.component
                    order by links.confidence desc, links.one_id, links.other_id
                )
            )::integer as step
        from links
        inner join members as ones on links.one_id = ones.node
        inner join members as others on links.other_id = others.node

    ),

    link_lists as (

        select
            component,
            array_agg(one order by step) as ones,
            array_agg(other order by step) as others,
            array_agg(confidence order by step) as confidences
        from numbered_links
        group by component

    ),

    node_lists as (

        select
            component,
            array_agg(node order by position) as nodes,
            array_agg(position order by position) as labels
        from members
        group by component

    ),

    contradiction_lists as (

        select
            ones.component,
            array_agg(ones.position) as ones,
            array_agg(others.position) as others,
            array_agg(contradictions.highest_confidence) as highest
        from contradictions
        inner join members as ones on contradictions.one_id = ones.node
        inner join members as others
            on contradictions.other_id = others.node and ones.component = others.component
        group by ones.component

    ),

    walk as (

        select
            links.ones,
            links.others,
            links.confidences,
            nodes.nodes,
            coalesce(contradictions.ones, '{}') as against_ones,
            coalesce(contradictions.others, '{}') as against_others,
            coalesce(contradictions.highest, '{}') as against_highest,
            nodes.labels,
            '{}'::integer[] as joining_steps,
            1 as step
        from link_lists as links
        inner join node_lists as nodes on links.component = nodes.component
        left join contradiction_lists as contradictions
            on links.component = contradictions.component

        union all

        select
            walk.ones,
            walk.others,
            walk.confidences,
            walk.nodes,
            walk.against_ones,
            walk.against_others,
            walk.against_highest,
            case
                when decided.is_joining
                    then array_replace(
                        walk.labels,
                        greatest(ends.one_label, ends.other_label),
                        least(ends.one_label, ends.other_label)
                    )
                else walk.labels
            end,
            case
                when decided.is_joining then walk.joining_steps || walk.step
                else walk.joining_steps
            end,
            walk.step + 1
        from walk
        cross join lateral (
            select
                walk.labels[walk.ones[walk.step]] as one_label,
                walk.labels[walk.others[walk.step]] as other_label
        ) as ends
        cross join lateral (
            select
                ends.one_label != ends.other_label
                and (
                    walk.against_ones = '{}'
                    or not exists (
                        -- the sides that this link, or one as sure as it, would bring together
                        select 1
                        from (
                            select
                                ends.one_label as inner_label,
                                ends.other_label as outer_label
                            union all
                            select
                                case
                                    when walk.labels[rivals.inside] = ends.one_label
                                        then ends.other_label
                                    else ends.one_label
                                end,
                                walk.labels[rivals.outside]
                            from unnest(
                                walk.ones || walk.others,
                                walk.others || walk.ones,
                                walk.confidences || walk.confidences
                            ) as rivals (inside, outside, confidence)
                            where
                                rivals.confidence = walk.confidences[walk.step]
                                and walk.labels[rivals.inside]
                                in (ends.one_label, ends.other_label)
                                and walk.labels[rivals.outside]
                                not in (ends.one_label, ends.other_label)
                        ) as sides
                        inner join unnest(
                            walk.against_ones || walk.against_others,
                            walk.against_others || walk.against_ones,
                            walk.against_highest || walk.against_highest
                        ) as against (one, other, highest)
                            on
                                sides.inner_label = walk.labels[against.one]
                                and sides.outer_label = walk.labels[against.other]
                        where against.highest >= walk.confidences[walk.step]
                    )
                ) as is_joining
        ) as decided
        where walk.step <= cardinality(walk.ones)

    ),

    joined as (

        select
            walk.nodes[walk.ones[steps.step]] as one_id,
            walk.nodes[walk.others[steps.step]] as other_id,
            walk.nodes[walk.labels[walk.ones[steps.step]]] as group_id
        from walk
        cross join unnest(walk.joining_steps) as steps (step)
        where walk.step > cardinality(walk.ones)

    )
{%- endmacro %}

{#- Which account stands for a person: the lowest, then by connection and id. -#}
{% macro account_rank(source, is_git) -%}
    case
        when {{ is_git }} then 4
        when {{ source }} = 'github' then 1
        when {{ source }} = 'gitlab' then 2
        else 3
    end
{%- endmacro %}

{#-
How sure evidence must be to bring two groups of accounts together all the same; null if nothing
speaks against them. Weak evidence (names 0.8, logins 0.6) never gives a person two accounts of one
connection, nor joins jane.doe@ with jane.doe2@ of one company; logins never join two names.
-#}
{% macro contradicted_below(ones, others) -%}
    case
        when {{ ones }}.connections && {{ others }}.connections then 0.8
        when
            {{ ones }}.plain_emails && {{ others }}.plain_emails
            and not {{ ones }}.numbered_emails && {{ others }}.numbered_emails
            then 0.8
        when {{ ones }}.full_names != '{}' and {{ others }}.full_names != '{}'
            then case when not {{ ones }}.full_names && {{ others }}.full_names then 0.6 end
        when
            {{ ones }}.words != '{}' and {{ others }}.words != '{}'
            and not {{ ones }}.words && {{ others }}.words
            then 0.6
    end
{%- endmacro %}

{#- A name that tells two people apart and not who they are; the salt keeps others from guessing. -#}
{% macro pseudonym(kind, id, salt) -%}
    '{{ kind }}-' || left(md5({{ salt }} || {{ id }}), 12)
{%- endmacro %}

-- A row means: some value of a metric falls into no band of a year, or into two. Checked: the bands
-- in the order of their ends begin and end nowhere, and each begins where the one before ends, the
-- end belonging to one of both. A band of one point that has not that point is empty and may be.
with ordered as (

    select
        *,
        lag(to_value) over bands as previous_to_value,
        lag(to_inclusive) over bands as previous_to_inclusive,
        row_number() over bands as turn,
        count(*) over (partition by year, metric) as band_count
    from {{ ref('dora_bands') }}
    window bands as (
        partition by year, metric
        order by from_value nulls first, to_value, to_inclusive
    )

)

select
    year,
    metric,
    band
from ordered
where
    (turn = 1) != (from_value is null)
    or (turn = band_count) != (to_value is null)
    or band_count != 4
    or (turn > 1 and from_value != previous_to_value)
    or (turn > 1 and from_inclusive = previous_to_inclusive)
    or from_value > to_value

{#- Rows for which an expression is not true; unknown (null) passes, as in a check constraint. -#}
{% test expression_is_true(model, expression) %}

select *
from {{ model }}
where not ({{ expression }})

{% endtest %}

foreach(name ruleset rulearchive rulesets rules event event_credit decide decide_refusals change gate replay term casebook explain retention)
  unit_test(${name} LIBS lianshu_policy)
endforeach()

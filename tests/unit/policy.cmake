foreach(name ruleset rulearchive rulesets rules event decide decide_refusals change gate term casebook explain retention)
  unit_test(${name} LIBS lianshu_policy)
endforeach()

unit_test(output LIBS lianshu_core)
unit_test(peers LIBS lianshu_core)

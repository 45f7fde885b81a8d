set(adapters_exchange ${CMAKE_CURRENT_SOURCE_DIR}/unit/realm.c
    ${CMAKE_CURRENT_SOURCE_DIR}/unit/exchange.c)
unit_test(outbox LIBS lianshu_sdk SOURCES ${adapters_exchange})
unit_test(inbox LIBS lianshu_sdk SOURCES ${adapters_exchange})
unit_test(map LIBS lianshu_runtime)
unit_test(csv LIBS lianshu_runtime)
set(adapters_site ${adapters_exchange} ${CMAKE_CURRENT_SOURCE_DIR}/unit/site_world.c)
unit_test(source LIBS lianshu_runtime SOURCES ${adapters_site})
unit_test(sink LIBS lianshu_runtime SOURCES ${adapters_site})

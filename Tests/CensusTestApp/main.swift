import RoostCrash
print("x")

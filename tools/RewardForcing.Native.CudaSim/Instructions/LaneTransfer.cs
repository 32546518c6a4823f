using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Moves values between register columns and host addresses, lane by lane.</summary>
internal static unsafe class LaneTransfer
{
    public static void Load(Warp w, Operation* o, byte** hosts, uint mask)
    {
        switch (o->Size)
        {
            case 4:
                Load<uint>(w, o, hosts, mask);
                break;
            case 8:
                Load<ulong>(w, o, hosts, mask);
                break;
            case 2:
                Load<ushort>(w, o, hosts, mask);
                break;
            default:
                Load<byte>(w, o, hosts, mask);
                break;
        }
    }

    public static void Store(Warp w, Operation* o, byte** hosts, uint mask)
    {
        switch (o->Size)
        {
            case 4:
                Store<uint>(w, o, hosts, mask);
                break;
            case 8:
                Store<ulong>(w, o, hosts, mask);
                break;
            case 2:
                Store<ushort>(w, o, hosts, mask);
                break;
            default:
                Store<byte>(w, o, hosts, mask);
                break;
        }
    }

    private static void Load<T>(Warp w, Operation* o, byte** hosts, uint mask)
        where T : unmanaged
    {
        byte* first = w.Registers + o->D, second = w.Registers + o->E, third = w.Registers + o->F, fourth = w.Registers + o->G;
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            var p = (T*)hosts[lane];
            Lanes.Set(first, lane, p[0]);
            if (o->Count > 1)
            {
                Lanes.Set(second, lane, p[1]);
                if (o->Count > 2)
                {
                    Lanes.Set(third, lane, p[2]);
                    Lanes.Set(fourth, lane, p[3]);
                }
            }
        }
    }

    private static void Store<T>(Warp w, Operation* o, byte** hosts, uint mask)
        where T : unmanaged
    {
        byte* first = w.Registers + o->D, second = w.Registers + o->E, third = w.Registers + o->F, fourth = w.Registers + o->G;
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            var p = (T*)hosts[lane];
            p[0] = Lanes.Get<T>(first, lane);
            if (o->Count > 1)
            {
                p[1] = Lanes.Get<T>(second, lane);
                if (o->Count > 2)
                {
                    p[2] = Lanes.Get<T>(third, lane);
                    p[3] = Lanes.Get<T>(fourth, lane);
                }
            }
        }
    }
}

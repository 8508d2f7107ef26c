-- Runs in ardour7-lua, which has no window: a call player and Antiphon on one track, a second track that records them.
-- Arguments: the folder of the new session, and the seconds to roll.
AudioEngine:set_backend ("None (Dummy)", "", "")
local session = create_session (arg[1], "antiphon", 48000)
assert (session, "Ardour cannot create a session in " .. arg[1])

local function new_track (name)
	local one = ARDOUR.ChanCount (ARDOUR.DataType ("midi"), 1)
	return session:new_midi_track (one, one, false, ARDOUR.PluginInfo (), nil, nil, 1, name,
		ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, false, false):front ()
end

local player, recorder = new_track ("Antiphon"), new_track ("Recorder")
local function add (processor, index, name)
	assert (not processor:isnil (), "Ardour does not know " .. name)
	assert (player:add_processor_by_index (processor, index, nil, true) == 0, "Ardour cannot load " .. name)
end
add (ARDOUR.LuaAPI.new_luaproc (session, "Antiphon call"), 0, "the call player")
add (ARDOUR.LuaAPI.new_plugin (session, "Antiphon", ARDOUR.PluginType.VST3, ""), 1, "the VST3 Antiphon")
local into = recorder:input ():midi (0):name ()
assert (player:output ():midi (0):connect (into) == 0, "Ardour cannot connect the tracks")
sleep (1) -- The plugin reads its weights.

recorder:rec_enable_control ():set_value (1, PBD.GroupControlDisposition.NoGroup)
session:maybe_enable_record (false)
session:request_roll (ARDOUR.TransportRequestSource.TRS_UI)
sleep (tonumber (arg[2]))
assert (session:actively_recording (), "Ardour does not record")
session:request_stop (false, false, ARDOUR.TransportRequestSource.TRS_UI)
sleep (1) -- Ardour writes the file.
session:save_state ("")
close_session ()

# Projects of one run of the proofs: who works there, and what the account of sdsync may do.
#   world.rb JSON    [{"id": "…", "public": false, "role": "sdsync"}, …]
require 'json'

sync = Role.find_by_name('sdsync')
sync or raise 'the boot script has made no role'

# The rights and the workflow of sdsync's own role, less one right.
lame = Role.find_by_name('sdsync, no private notes') || begin
  role = Role.create!(name: 'sdsync, no private notes', assignable: false,
                      issues_visibility: 'all', users_visibility: 'all',
                      permissions: sync.permissions - [:set_notes_private])
  WorkflowTransition.where(role: sync).each do |one|
    WorkflowTransition.create!(role: role, tracker_id: one.tracker_id,
                               old_status_id: one.old_status_id, new_status_id: one.new_status_id)
  end
  role
end
roles = { 'sdsync' => sync, 'no private notes' => lame }

account, agent1, agent2, reporter =
  %w[sdsync agent1 agent2 reporter].map { |login| User.find_by_login(login) }
JSON.parse(ARGV.fetch(0)).each do |told|
  project = Project.new(name: told['id'].capitalize, identifier: told['id'],
                        is_public: told['public'])
  project.trackers = Tracker.all
  project.enabled_module_names = %w[issue_tracking]
  project.save!
  Member.create!(project: project, principal: account, roles: [roles.fetch(told['role'])])
  [agent1, agent2].each do |one|
    Member.create!(project: project, principal: one, roles: [Role.find_by_name('Developer')])
  end
  Member.create!(project: project, principal: reporter, roles: [Role.find_by_name('Reporter')])
end
puts 'MADE'

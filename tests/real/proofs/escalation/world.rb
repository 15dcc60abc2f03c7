# Projects of one run, what the account of sdsync may do there, and people who lack something.
#   world.rb RUN
run = ARGV.fetch(0)

sync = Role.find_by_name('sdsync')
sync or raise 'the boot script has made no role'
developer = Role.find_by_name('Developer')

def workflow(role, from, without: [])
  WorkflowTransition.where(role: from).where.not(new_status: without).each do |one|
    WorkflowTransition.create!(role: role, tracker_id: one.tracker_id,
                               old_status_id: one.old_status_id, new_status_id: one.new_status_id)
  end
end

# Less than the whole of what sdsync wants, and what an administrator adds to it later.
lesser = Role.create!(name: "lesser #{run}", assignable: false, issues_visibility: 'all',
                      users_visibility: 'all', permissions: sync.permissions)
workflow(lesser, sync, without: [IssueStatus.find_by_name('Rejected')])
further = Role.create!(name: "further #{run}", assignable: false, issues_visibility: 'all',
                       users_visibility: 'all', permissions: [:set_issues_private])
workflow(further, sync)
guest = Role.create!(name: "guest #{run}", assignable: false, permissions: [:view_issues])

nora, olaf = %w[nora olaf].map do |login|
  user = User.new(firstname: login.capitalize, lastname: run, mail: "#{login}-#{run}@example.org")
  user.login = "#{login}-#{run}"
  user.password = user.password_confirmation = SecureRandom.hex(12)
  user.save!
  user.pref.hide_mail = false
  user.pref.save!
  user
end

account, agent1, agent2 = %w[sdsync agent1 agent2].map { |login| User.find_by_login(login) }
projects = %w[esc loud].map do |name|
  project = Project.new(name: "#{name} #{run}", identifier: "#{name}-#{run}", is_public: false)
  project.trackers = Tracker.all
  project.enabled_module_names = %w[issue_tracking]
  project.save!
  Member.create!(project: project, principal: account, roles: [lesser])
  [agent1, agent2, nora].each do |one|
    Member.create!(project: project, principal: one, roles: [developer])
  end
  Member.create!(project: project, principal: olaf, roles: [guest])
  project
end

room, far = ["Room #{run}", "Far #{run}"].map do |name|
  IssueCustomField.new(name: name, field_format: 'string', is_for_all: false, is_filter: true)
end
room.trackers = Tracker.where(name: %w[Bug Support])  # and no Feature
far.trackers = Tracker.all
[room, far].each do |field|
  field.projects = projects
  field.save!
end
puts 'MADE'
